"""A widget of painted lines, of which only those that changed are sent to the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from digit_tui.tui.drawing.ink import Line


class Canvas(Widget):
    """Shows the lines that were painted last."""

    class Resized(Message):
        """The lines were painted for another size."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: list[Strip] = []
        self._painted_for = Size(0, 0)

    def paint(self, lines: Iterable[Line]) -> None:
        """Show these lines; what does not fit is cut off."""
        self._painted_for = self.size
        before, self._strips = self._strips, [Strip(line) for line in lines]
        pairs = enumerate(zip_longest(before, self._strips))
        changed = [Region(0, y, self.size.width, 1) for y, (old, new) in pairs if old != new]
        if changed:
            self.refresh(*changed)

    def clear(self) -> None:
        """Show nothing."""
        self.paint([])

    def part(self, name: str) -> Style:
        """The style of one of its component classes."""
        return self.get_component_rich_style(name, partial=True)

    def on_resize(self) -> None:
        if self.size != self._painted_for:
            self.post_message(self.Resized())

    def render_line(self, y: int) -> Strip:
        width, style = self.size.width, self.rich_style
        if y >= len(self._strips):
            return Strip.blank(width, style)
        return self._strips[y].apply_style(style).adjust_cell_length(width, style)
