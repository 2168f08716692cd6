"""Arrays that a run begins with, in a file of its folder: without them it cannot be repeated."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.storage.archive import Archive
from digit_tui.storage.atomic import write_whole
from digit_tui.storage.errors import RunError
from digit_tui.storage.own_files import looks_own, not_made_here
from digit_tui.storage.reading import read_file


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays by their names, as the content of an .npz file."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes the arrays for options
    return file.getvalue()


def unpacked(content: bytes) -> Archive:
    """The inverse of `packed`: reads one array after the other.

    Raises:
        Invalid: if it is no such content.
    """
    return Archive(io.BytesIO(content), len(content), 0)


def write_begun(path: Path, content: bytes) -> None:
    """Write such a file into the folder of a run that begins.

    Raises:
        RunError: if somebody else has a file in its place.
        OSError: if the disk refuses; then there is no part of it.
    """
    if os.path.lexists(path) and not looks_own(path):
        raise not_made_here(path)
    write_whole(path, lambda file: file.write(content))


def read_begun(path: Path, most: int, sha256: str, lacking: str) -> bytes:
    """The content of such a file.

    Args:
        path: the file.
        most: bytes that it may have.
        sha256: hex, of its content.
        lacking: what cannot be done without it.

    Raises:
        RunError: if it is missing, or is not the one that the run began with.
    """
    try:
        content = read_file(path, most)
    except FileNotFoundError:
        raise RunError(f"{path} is missing: {lacking}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RunError(f"{path} has changed since the run began: {lacking}")
    return content
