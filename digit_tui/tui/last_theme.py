"""The theme that a person chose last, remembered from one start to the next."""

from __future__ import annotations

from contextlib import suppress

from digit_tui.storage.atomic import write_whole
from digit_tui.storage.run_files import theme_file

LONGEST = 100
"""Bytes that are read: no theme has a longer name."""


def last_theme() -> str | None:
    """Its name, as it was written: there may be no such theme; None if none is known."""
    with suppress(OSError), open(theme_file(), "rb") as file:
        return file.read(LONGEST).decode(errors="replace").strip()
    return None


def remember_theme(name: str) -> None:
    """Begin with it the next time; where nothing can be written, it is not remembered."""
    with suppress(OSError):
        path = theme_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda file: file.write(f"{name}\n".encode()))
