"""One line that names what is below it."""

from __future__ import annotations

from rich.segment import Segment

from digit_tui.tui.widgets.canvas import Canvas


class Heading(Canvas):
    """Which digit is shown, and whether its label is in doubt."""

    def say(self, text: str) -> None:
        self.paint([[Segment(text)]])
