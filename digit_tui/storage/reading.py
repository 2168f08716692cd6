"""Reading files that may be anything: regular ones alone, and never more of one than expected."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from digit_tui.data import reason_of
from digit_tui.storage.errors import RunError

FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""A pipe without a writer does not block."""


def open_file(path: Path) -> BinaryIO:
    """A regular file, opened to be read.

    Raises:
        FileNotFoundError: if it does not exist.
        RunError: if it cannot be read, or is something else.
    """
    try:
        descriptor = os.open(path, FLAGS)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise RunError(f"{path} cannot be read: it is no regular file")
        return os.fdopen(descriptor, "rb")
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise RunError(f"{path} cannot be read: {reason_of(error)}") from error


def read_file(path: Path, most: int) -> bytes:
    """The content of a regular file of at most so many bytes.

    Raises:
        FileNotFoundError: if it does not exist.
        RunError: if it cannot be read, or is longer.
    """
    with open_file(path) as file:
        try:
            content = file.read(most + 1)
        except OSError as error:
            raise RunError(f"{path} cannot be read: {reason_of(error)}") from error
    if len(content) > most:
        raise RunError(f"{path} is damaged: it is longer than {most:,} bytes")
    return content
