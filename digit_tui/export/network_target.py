"""Where a network may be written: onto no file of a run, and onto no other but such a network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from errno import EEXIST
from pathlib import Path

from digit_tui.export.page_target import is_of_a_run
from digit_tui.storage.atomic import write_whole

HEAD = 4096
"""Bytes at the beginning of a file that tell who made it."""

IsOurs = Callable[[bytes], bool]
"""Takes the first HEAD bytes of a file."""


class Part:
    """A file to be written.

    Attributes:
        path: where.
        content: of it.
    """

    def __init__(self, path: Path, content: bytes, is_ours: IsOurs) -> None:
        """Make one.

        Args:
            path: where.
            content: of the file.
            is_ours: whether a file that is there was exported before, so that it may be replaced.
        """
        self.path, self.content, self._is_ours = path, content, is_ours

    def check(self, force: bool) -> None:
        """Check that it may be written.

        Args:
            force: whether any file may be replaced, unless it is a run's.

        Raises:
            FileExistsError: if not; its `strerror` says why.
            OSError: if it cannot be told.
        """
        target = Path(os.path.realpath(self.path))
        if is_of_a_run(target):
            self._refuse("it is a file of a run, which is never replaced; name another")
        if not target.exists():
            return
        if not target.is_file():
            self._refuse("it exists, and is no file; name another")
        if not force:
            with open(target, "rb") as file:
                head = file.read(HEAD)
            if head and not self._is_ours(head):
                self._refuse(
                    "it exists, and is no network of digit-tui; name another, or add --force"
                )

    def _refuse(self, reason: str) -> None:
        raise FileExistsError(EEXIST, reason, str(self.path))


def write_parts(parts: Iterable[Part], force: bool) -> None:
    """Write files, each whole or not at all, the last one last: all are on the disk before.

    Raises:
        FileExistsError: if a file is there that is not to be replaced; nothing was written.
        OSError: if the disk refuses.
    """
    parts = list(parts)
    for part in parts:
        part.check(force)
    try:
        _write(parts)
    except OSError as error:  # not the name of a temporary file
        raise OSError(error.errno, error.strerror, str(parts[-1].path)) from error


def _write(parts: list[Part]) -> None:
    *before, last = parts

    def write(file: object) -> None:
        file.write(last.content)  # type: ignore[attr-defined]
        if before:
            _write(before)

    write_whole(Path(os.path.realpath(last.path)), write)
