"""The teacher of a run in words."""

from __future__ import annotations

from typing import Any

from digit_tui.data import printable


def teacher_words(about: dict[str, Any] | None) -> str:
    """A teacher in short, see `RunStarted`: "teacher NAME", "3 teachers", or "" without one."""
    if about is None:
        return ""
    names = about["runs"]
    return printable(f"teacher {names[0]}" if len(names) == 1 else f"{len(names)} teachers")


def distilled_from(about: dict[str, Any]) -> str:
    """A teacher in full, for example "one, two (temperature 4, weight 0.9)"."""
    numbers = f"temperature {about['temperature']:g}, weight {about['weight']:g}"
    return printable(f"{', '.join(about['runs'])} ({numbers})")
