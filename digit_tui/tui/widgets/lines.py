"""A list of lines, one of which is chosen."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widgets import OptionList

POINTER = "▸"
"""Before the selected line, which colours alone would not show everywhere."""


class Lines(OptionList):
    """Textual's list, where a click selects a line; one on the selected line chooses it."""

    def on_click(self, event: events.Click) -> None:
        place = event.style.meta.get("option")
        if place is not None and place != self.highlighted:
            event.prevent_default()  # Textual's would choose it
            self.highlighted = place

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        place = self.scroll_offset.y + y
        if place >= len(self._lines) or self._lines[place][0] != self.highlighted:
            return strip
        first, *_ = strip.crop(0, 1)
        return Strip.join([Strip([Segment(POINTER, first.style)]), strip.crop(1)])
