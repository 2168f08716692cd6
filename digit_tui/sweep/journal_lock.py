"""The lock of a sweep's journal file: safe on NFS, and free at once when its owner was killed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

from digit_tui.sweep.processes import ProcessId, has_ended, this_process

FORGOTTEN_SECONDS = 30.0
"""A lock of another machine that is held so long is one of a process that was killed: a write takes
milliseconds."""
FIRST_SLEEP, LONGEST_SLEEP = 0.001, 0.05
"""Seconds between two tries."""


class JournalLock:
    """A lock that is a symbolic link, as the making of one is atomic on any NFS.

    Where it points tells whose it is: a process of this machine that has ended holds nothing. It is
    what Optuna's `JournalFileSymlinkLock` is, which does not know whose lock it waits for, and
    waits half a minute for a process that was killed.
    """

    def __init__(self, journal: Path, forgotten_seconds: float = FORGOTTEN_SECONDS) -> None:
        self._path = f"{journal}.lock"
        self._breaking = f"{journal}.breaking"
        self._forgotten_seconds = forgotten_seconds
        self._mine = ""

    def acquire(self) -> bool:
        """Wait until the lock is this process's; returns True."""
        mine = f"{this_process().text}:{uuid4().hex}"
        self._take(self._path, mine, self._break)
        self._mine = mine
        return True

    def release(self) -> None:
        """Let others have it; does nothing if somebody has taken it away meanwhile."""
        with contextlib.suppress(OSError):
            if os.readlink(self._path) == self._mine:
                os.unlink(self._path)
        self._mine = ""

    def _take(self, path: str, mine: str, give_up_on: Callable[[str], None]) -> None:
        pause, seen, since = FIRST_SLEEP, "", monotonic()
        while True:
            try:
                os.symlink(mine, path)
                return
            except FileExistsError:
                pass
            try:
                owner = os.readlink(path)
            except FileNotFoundError:
                continue
            if owner != seen:
                seen, since = owner, monotonic()
            held = monotonic() - since
            if held > self._forgotten_seconds or has_ended(_process_of(owner)):
                give_up_on(owner)
                continue
            sleep(pause)
            pause = min(2 * pause, LONGEST_SLEEP)

    def _break(self, owner: str) -> None:
        """Remove the lock if it is still that of this owner; only one process at a time does so."""
        mine = f"{this_process().text}:{uuid4().hex}"
        self._take(self._breaking, mine, lambda _: _unlink(self._breaking))
        try:
            with contextlib.suppress(OSError):
                if os.readlink(self._path) == owner:
                    os.unlink(self._path)
        finally:
            with contextlib.suppress(OSError):
                if os.readlink(self._breaking) == mine:
                    os.unlink(self._breaking)


def _process_of(link: str) -> ProcessId | None:
    return ProcessId.parse(link.rpartition(":")[0])


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
