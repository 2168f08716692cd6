"""Atomic file writes: a file has its old content or its new content, never a part of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any


def write_whole(
    path: Path, write: Callable[[IO[bytes]], Any], previous: Path | None = None
) -> None:
    """Write a file atomically: to a temporary file, then renamed into place.

    Args:
        path: the file.
        write: called with the temporary file, to write the content.
        previous: a path in the same folder that the old file is renamed to. Between the two
            renames the old content is there alone, and `path` does not exist. None replaces the
            old file.

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
    """Flush a folder to the disk: only then does a rename survive a power cut.

    Raises:
        OSError: if the disk refuses.
    """
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
