"""One process a run: a lock file that names it, and that its end frees, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from time import sleep

from digit_tui.storage.errors import RunTaken

LOCK = "lock"
"""The file's name in a run's folder."""

TRIES = 5
TRY_SECONDS = 0.02
"""Somebody who only asks who has the lock holds it for a moment."""

FAR = 1 << 30
"""The byte that is locked on Windows, where nobody else can read what is locked."""

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int, alone: bool = True) -> None:
        os.lseek(descriptor, FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try(descriptor: int, alone: bool = True) -> None:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)


class Lock:
    """The lock of a run's folder, held from now on."""

    def __init__(self, folder: Path) -> None:
        """Take it.

        Raises:
            RunTaken: if another process has it; its number is named.
            OSError: if the file can not be made.
        """
        self._path = folder / LOCK
        for tries in range(TRIES):
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            with contextlib.suppress(BlockingIOError, PermissionError):
                _try(self._descriptor)
                if self._is_current():  # else the one before has removed it meanwhile
                    break
            os.close(self._descriptor)
            if tries < TRIES - 1:
                sleep(TRY_SECONDS)
        else:
            owner = lock_owner(folder) or "unknown"
            raise RunTaken(f"{folder} is in use by another process ({owner})")
        try:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{os.getpid()}\n".encode())
        except OSError:
            self.release()
            raise

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give it back and remove the file."""
        if sys.platform == "win32":
            os.close(self._descriptor)
        with contextlib.suppress(OSError):
            self._path.unlink()
        if sys.platform != "win32":  # first removed, then free: nobody locks what is going
            os.close(self._descriptor)


def lock_owner(folder: Path) -> int | None:
    """The process that has a run, 0 if it can not be told which, or None if nobody has it."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        _try(descriptor, alone=False)  # those who ask do not get in each other's way
    except OSError:
        os.lseek(descriptor, 0, os.SEEK_SET)
        with contextlib.suppress(ValueError):
            return int(os.read(descriptor, 32))
        return 0
    else:
        return None
    finally:
        os.close(descriptor)
