"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any


def write_whole(
    path: Path, write: Callable[[IO[bytes]], Any], previous: Path | None = None
) -> None:
    """Write a file so that at any moment either the old or the new content is there.

    Args:
        path: the file.
        write: writes the content.
        previous: a name in the same folder that the old file gets; for a moment the old content
            is found under it alone. None forgets the old file.

    Raises:
        OSError: if the disk refuses; the old content is intact.
    """
    name = path.with_name(f".{path.name}.{os.getpid():x}{os.urandom(4).hex()}")
    try:
        with open(name, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None:
            with contextlib.suppress(FileNotFoundError):
                os.replace(path, previous)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk: a rename is safe only then.

    Raises:
        OSError: if the disk refuses.
    """
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: Path, names: Iterable[str]) -> None:
    """Remove what a process that was killed left of files that it was writing whole."""
    for name in names:
        for leftover in folder.glob(f".{glob.escape(name)}.*"):
            with contextlib.suppress(OSError):
                leftover.unlink()
