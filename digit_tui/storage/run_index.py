"""The saved runs of the state directory: find them, measure them, remove them."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.lock import Lock, lock_owner
from digit_tui.storage.run_files import (
    FILES,
    LEFT,
    runs_folder,
)
from digit_tui.storage.run_summary import RunSummary
from digit_tui.storage.saved_run import SavedRun

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a disk says that has no room."""


def list_runs() -> tuple[list[RunSummary], list[str]]:
    """The runs in the state directory, the oldest first, and why others can not be read.

    Raises:
        RunError: if the directory can not be read.
    """
    runs, complaints = [], []
    for folder in _folders():
        try:
            runs.append(RunSummary.of(SavedRun.read(folder)))
        except RunError as error:
            # One that begins at this moment has no record yet; what has no file of ours is no run.
            if lock_owner(folder) is None and our_files(folder) != []:
                complaints.append(str(error))
    return sorted(runs, key=lambda run: run.started), complaints


def last_interrupted() -> SavedRun | None:
    """The last run that was begun in the state directory, if it did not come to its end.

    One that a person left behind on purpose, by going on with the other branch of a fork, is none.
    """
    runs = []
    with contextlib.suppress(RunError):
        for folder in _folders():
            with contextlib.suppress(RunError):
                runs.append(SavedRun.read(folder))
    runs = [run for run in runs if run.record["state"] != LEFT]
    last = max(runs, key=lambda run: run.started, default=None)
    return last if last is not None and last.state() == "interrupted" else None


def _folders() -> list[Path]:
    try:
        return sorted(entry for entry in runs_folder().iterdir() if entry.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{runs_folder()} can not be read: {error.strerror}") from error


def find_run(name: str) -> Path:
    """The folder that a person means.

    Args:
        name: its path, its name in the state directory, or a beginning of that name which no
            other has.

    Raises:
        RunError: if there is none, or more than one.
    """
    if name and os.path.exists(name):
        return Path(os.path.abspath(name))
    found = [folder for folder in _folders() if name and folder.name.startswith(name)]
    exact = [folder for folder in found if folder.name == name]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        names = ", ".join(folder.name for folder in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise RunError(f"{name} may be {names}{more}: write more of the name")
    raise RunError(f"there is no folder {name!r}, nor a run of that name in {runs_folder()}")


def our_files(folder: Path) -> list[Path] | None:
    """The files of a run in a folder, in the order of FILES; None if it can not be read.

    What a process that was killed left of files that it was writing is among them.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    return [
        folder / name
        for own in FILES
        for name in names
        if name == own or name.startswith(f".{own}.")
    ]


def size_of(folder: Path) -> int:
    """Bytes of the files in a run's folder; one with two names counts once."""
    sizes = {}
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):  # gone meanwhile
                about = os.lstat(folder / name)
                if stat.S_ISREG(about.st_mode):
                    sizes[about.st_dev, about.st_ino] = about.st_size
    return sum(sizes.values())


def check_removable(folder: Path) -> None:
    """See that a folder is a run's, and that nobody uses it.

    A run in the state directory may be damaged; elsewhere files of the same names may be another
    program's.

    Raises:
        RunError: if it is not, or if a process uses it.
    """
    home = folder.resolve().parent == runs_folder().resolve()
    if not (home and our_files(folder)):
        SavedRun.read(folder)
    owner = lock_owner(folder)
    if owner is not None:
        raise RunTaken(f"{folder} is in use by process {owner or 'unknown'}")


def remove_run(folder: Path) -> list[str]:
    """Remove a run's files, and its folder if nothing else is in it; returns what else is.

    Raises:
        RunError: if it is no run, or another process uses it.
        OSError: if the disk refuses; run.json is the last file to go.
    """
    folder = folder.resolve()
    check_removable(folder)
    lock = None
    try:
        lock = Lock(folder)  # nobody goes on with it from now on
    except OSError as error:
        if error.errno not in FULL:  # a full disk has no room for it, and is why runs are removed
            raise
    try:
        for file in our_files(folder) or ():
            file.unlink(missing_ok=True)
    finally:
        if lock is not None:
            lock.release()
    left = sorted(os.listdir(folder))
    if not left:
        folder.rmdir()
    return left
