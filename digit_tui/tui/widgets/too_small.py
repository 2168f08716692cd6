"""What a terminal shows that is too small for anything else."""

from __future__ import annotations

from rich.text import Text
from textual.geometry import Size
from textual.widget import Widget

MINIMUM = Size(60, 20)
"""Columns and rows that the views need."""


class TooSmall(Widget):
    """The required size, and how to leave; the run goes on meanwhile."""

    def render(self) -> Text:
        has = self.app.size
        return Text(
            f"digit-tui needs {MINIMUM.width}x{MINIMUM.height}, "
            f"this terminal is {has.width}x{has.height}. q quits."
        )
