"""Writing a page: onto no file of a run, and onto no other file but an older page."""

from __future__ import annotations

import os
from errno import EEXIST
from pathlib import Path

from digit_tui.export.page import START
from digit_tui.storage.atomic import write_whole
from digit_tui.storage.own_files import looks_own, own_name
from digit_tui.storage.run_files import FILES, LOCK, RECORD


def check_target(path: Path, force: bool = False) -> None:
    """Check that a page may be written there.

    Args:
        path: where.
        force: whether a file that is no page may be replaced, unless it is a run's.

    Raises:
        FileExistsError: if not; its `strerror` says why.
        OSError: if it cannot be told.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        return  # a pipe or a device: nothing is replaced
    if is_of_a_run(target):
        raise FileExistsError(
            EEXIST, "it is a file of a run, which is never replaced; name another", str(path)
        )
    if not force and target.exists() and not _is_page(target):
        raise FileExistsError(
            EEXIST,
            "it exists, and is no page of digit-tui; name another, or add --force",
            str(path),
        )


def write_page(path: Path, content: str, force: bool = False) -> None:
    """Write a page, a file whole or not at all; a pipe or a device is written to, not replaced.

    Args:
        path: where.
        content: the page.
        force: whether to replace a file that is no page; see `check_target`.

    Raises:
        FileExistsError: if a file is there that is not to be replaced.
        OSError: if it cannot be written.
    """
    check_target(path, force)
    data = content.encode("ascii")
    if path.exists() and not path.is_file():
        path.write_bytes(data)
    else:
        write_whole(Path(os.path.realpath(path)), lambda file: file.write(data))


def is_of_a_run(target: Path) -> bool:
    """Whether a path, without links in it, is of a file of a run, or is to be."""
    folder = target.parent
    if not looks_own(folder / RECORD):
        return False
    # The names may differ in case, where the file system ignores that.
    return own_name(target.name) is not None or any(
        target.name == name or (target.exists() and _same(folder / name, target))
        for name in (*FILES, LOCK)
    )


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _is_page(path: Path) -> bool:
    with open(path, "rb") as file:
        head = file.read(len(START))
    return head in (b"", START.encode("ascii"))
