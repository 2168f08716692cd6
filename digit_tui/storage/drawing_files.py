"""Drawings that a run was taught, in its folder: each file is written once, under its own sum."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from digit_tui.data import DataError
from digit_tui.data.drawings import LARGEST, Drawings
from digit_tui.run.commands import Command, Teach
from digit_tui.storage.atomic import write_whole
from digit_tui.storage.errors import RunError
from digit_tui.storage.own_files import looks_own, not_made_here, own_name
from digit_tui.storage.reading import read_file
from digit_tui.storage.run_files import DRAWINGS, drawings_name


def read_drawings(folder: Path, sha256: str) -> Drawings:
    """The drawings with this sum.

    Raises:
        FileNotFoundError: if the folder does not have them.
        RunError: if the file is damaged, or cannot be read.
    """
    path = folder / drawings_name(sha256)
    content = read_file(path, LARGEST)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RunError(f"{path} is damaged: its checksum is wrong")
    try:
        return Drawings.from_bytes(content)
    except DataError as error:
        raise RunError(f"{path} is damaged: {error}") from None


def write_drawings(folder: Path, drawings: Drawings) -> Path:
    """Write drawings, unless they are there.

    Raises:
        RunError: if somebody else has a file in their place.
        OSError: if the disk refuses; then there is no part of them.
    """
    path = folder / drawings_name(drawings.sha256)
    with suppress(FileNotFoundError, RunError):
        read_drawings(folder, drawings.sha256)
        return path
    if os.path.lexists(path) and not looks_own(path):
        raise not_made_here(path)
    write_whole(path, lambda file: file.write(drawings.to_bytes()))
    return path


def all_drawings(folder: Path) -> Iterator[Drawings]:
    """All drawings in a run's folder that can be read: also what was undone can be gone to again.

    Raises:
        OSError: if the folder cannot be read.
    """
    for name in sorted(os.listdir(folder)):
        if own_name(name) == DRAWINGS and not name.startswith("."):
            with suppress(FileNotFoundError, RunError):
                yield read_drawings(folder, name.removeprefix(drawings_name("")))


def drawings_of(folder: Path, commands: Iterable[tuple[int, Command]]) -> list[Drawings]:
    """All that commands teach, each once, from a run's folder.

    Raises:
        RunError: if a file is missing, is damaged, or has another number of drawings.
    """
    found = {}
    for _, command in commands:
        if isinstance(command, Teach):
            path = folder / drawings_name(command.drawings)
            try:
                drawings = read_drawings(folder, command.drawings)
            except FileNotFoundError:
                raise RunError(f"{path} is missing: the run cannot be repeated without") from None
            if len(drawings) != command.count:
                raise RunError(f"{path} has {len(drawings)} drawings, not {command.count}")
            found[command.drawings] = drawings
    return list(found.values())
