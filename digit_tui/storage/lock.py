"""One process a run: a lock file with its process id. The lock ends with the process."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from time import sleep

from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.own_files import HEAD, LOCK_CONTENT, not_made_here, open_own
from digit_tui.storage.run_files import LOCK

TRIES = 5
TRY_SECONDS = 0.02
"""Try again, as a process that only checks for the lock (`lock_owner`) holds it briefly."""

FAR = 1 << 30
"""The offset of the byte to lock on Windows: other processes cannot read locked bytes there."""

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int, exclusive: bool = True) -> None:
        os.lseek(descriptor, FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try(descriptor: int, exclusive: bool = True) -> None:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)


class Lock:
    """The lock of a run's folder, held until `release` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Acquire the lock.

        Raises:
            RunTaken: if another process holds it; the message names its process id.
            RunError: if the file was not made by this program; it is left as it is.
            OSError: if the file cannot be created.
        """
        self._path = folder / LOCK
        for tries in range(TRIES):
            self._descriptor = open_own(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            with contextlib.suppress(BlockingIOError, PermissionError):
                _try(self._descriptor)
                if self._is_current():  # else its last owner has removed the file meanwhile
                    break
            os.close(self._descriptor)
            if tries < TRIES - 1:
                sleep(TRY_SECONDS)
        else:
            owner = lock_owner(folder) or "unknown"
            raise RunTaken(f"{folder} is in use by another process ({owner}): quit that first")
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        if not LOCK_CONTENT.fullmatch(os.read(self._descriptor, HEAD)):
            os.close(self._descriptor)
            raise not_made_here(self._path)
        try:
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, f"{os.getpid()}\n".encode())
        except OSError as error:
            error.filename = str(self._path)
            self.release()
            raise

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.lstat(self._path))
        except OSError:
            return False

    def release(self) -> None:
        """Release the lock and remove the file, unless it is another one by now."""
        current = self._is_current()
        if sys.platform == "win32":
            os.close(self._descriptor)
        if current:
            with contextlib.suppress(OSError):
                self._path.unlink()
        if sys.platform != "win32":  # removed first, so that no process locks a deleted file
            os.close(self._descriptor)


def lock_owner(folder: Path) -> int | None:
    """The id of the process that holds the lock of a run; 0 if unknown, None if no process does."""
    try:
        descriptor = open_own(folder / LOCK, os.O_RDONLY)
    except (OSError, RunError):
        return None
    try:
        _try(descriptor, exclusive=False)  # shared, so that several processes can check at once
    except OSError:
        os.lseek(descriptor, 0, os.SEEK_SET)
        with contextlib.suppress(ValueError):
            return int(os.read(descriptor, 32))
        return 0
    else:
        return None
    finally:
        os.close(descriptor)
