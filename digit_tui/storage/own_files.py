"""The run's own files: opened without following links, and told from what others made."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from digit_tui.data.drawings import HEAD as DRAWINGS_HEAD
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import (
    CALIBRATION,
    CHECKPOINTS,
    DRAWINGS,
    FILES,
    INITIAL,
    JOURNAL,
    LOCK,
    METRICS,
    RECORD,
    TEACHER,
    drawings_name,
)

NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Flags of `os.open`: no symbolic link is followed, and a pipe does not block."""

HEAD = 512
"""Bytes at the beginning of a file that tell who made it."""

BEGINNINGS = {
    RECORD: rb"\{",
    JOURNAL: rb'\{("|\})',
    METRICS: rb"epoch,step,",
    DRAWINGS: re.escape(DRAWINGS_HEAD),
    CALIBRATION: rb'\{"step": ',
    **dict.fromkeys((*CHECKPOINTS, INITIAL, TEACHER), rb"PK\x03\x04"),
}
"""How the files of a run begin, but for the lock."""

LOCK_CONTENT = re.compile(rb"(\d{1,20}\n?)?|\0{1,64}")
"""A process id, or what a crash leaves of it."""

TEMPORARY = "[0-9a-f]{9,20}|link"
"""The end of a temporary file's name, see `write_whole`, and of a link to the best checkpoint."""


def open_own(path: Path, flags: int, mode: int = 0o666) -> int:
    """A descriptor of a regular file, not reached through a symbolic link.

    Raises:
        FileNotFoundError: if it does not exist.
        RunError: if it is a link, or no regular file.
        OSError: if the system refuses.
    """
    _refuse_link(path)  # also where the system has no O_NOFOLLOW
    try:
        descriptor = os.open(path, flags | NO_LINKS, mode)
    except OSError:
        _refuse_link(path)
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RunError(f"{path} is no regular file: digit-tui leaves it alone; move it away")
    return descriptor


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise RunError(
            f"{path} is a symbolic link: digit-tui does not write through links; "
            "put the file itself there"
        )


def looks_own(path: Path) -> bool:
    """Whether a file of a run's folder may have been made by this program, by how it begins.

    An empty file may, and zeros: a crash or a power cut leaves them.

    Raises:
        OSError: if it cannot be read.
    """
    try:
        descriptor = open_own(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError, RunError):
        return False
    try:
        head = os.read(descriptor, HEAD)
    finally:
        os.close(descriptor)
    name = own_name(path.name)
    if name is None:
        return False
    if name == LOCK:
        return LOCK_CONTENT.fullmatch(head) is not None
    return not head.strip(b"\0") or re.match(BEGINNINGS[name], head) is not None


def own_name(name: str) -> str | None:
    """The file of a run that a name stands for: itself, or what a temporary file was to become."""
    for own in (*FILES, LOCK):
        pattern = drawings_name("[0-9a-f]{64}") if own == DRAWINGS else re.escape(own)
        if re.fullmatch(pattern, name):
            return own
        if own != LOCK and re.fullmatch(rf"\.{pattern}\.({TEMPORARY})", name):
            return own
    return None


def check_own(folder: Path) -> None:
    """Check that all that a run would write over in its folder is the program's own.

    Checkpoints are judged where they are read: a damaged one is replaced.

    Raises:
        RunError: if a file is a link, or was not made by this program; it names the file.
        OSError: if one cannot be read.
    """
    for name in (RECORD, JOURNAL, METRICS, *CHECKPOINTS):
        path = folder / name
        try:
            os.close(open_own(path, os.O_RDONLY))
        except FileNotFoundError:
            continue
        if name not in CHECKPOINTS and not looks_own(path):
            raise not_made_here(path)


def not_made_here(path: Path) -> RunError:
    return RunError(f"{path} was not made by digit-tui, and is kept: move it away, or rename it")


def sweep(folder: Path) -> None:
    """Remove temporary files of `write_whole` that a killed process left behind."""
    for name in os.listdir(folder):
        path = folder / name
        if name.startswith(".") and own_name(name) and not path.is_symlink() and path.is_file():
            with suppress(OSError):
                path.unlink()


def is_taken(folder: Path) -> bool:
    """Whether a folder has a file of a run's name, so that none can begin there."""
    # Links count, even where they lead nowhere.
    taken = (RECORD, METRICS, INITIAL, TEACHER, *CHECKPOINTS)
    if any(os.path.lexists(folder / name) for name in taken):
        return True
    with suppress(OSError):
        # An empty journal alone is left of a run that failed to begin.
        about = os.lstat(folder / JOURNAL)
        return not stat.S_ISREG(about.st_mode) or about.st_size > 0
    return False
