"""Pages of small pictures, each with a caption above it; one of them is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events

from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.mouse import RowChosen, Wheel

ROWS = (28, 14, 7)
"""Of a picture, without its caption: the largest that all of the list fit in, else the last."""


class Tiles(Canvas, Wheel):
    """The places of the pictures, and which of them was clicked."""

    GAP: ClassVar[int]
    """Columns between pictures."""
    HEAD: ClassVar[int] = 0
    """Lines above the pictures."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = range(0)  # the rows of the list
        self._rows = ROWS[-1]  # of a picture

    @property
    def _columns(self) -> int:
        """Of a picture."""
        return 2 * self._rows

    @property
    def _height(self) -> int:
        """Lines for pictures and captions."""
        return self.size.height - self.HEAD

    @property
    def across(self) -> int:
        """Pictures in a row."""
        return max((self.size.width + self.GAP) // (self._columns + self.GAP), 1)

    @property
    def page(self) -> int:
        """Pictures on a page."""
        return self.across * max(self._height // (self._rows + 1), 1)

    def _fit(self, count: int) -> bool:
        """Choose the largest pictures of which so many fit on a page; returns whether some do."""
        for rows in ROWS:
            self._rows = rows
            if self.page >= count and rows < self._height:
                return True
        return False

    def say(self, text: str) -> None:
        """Show text instead of pictures."""
        self._shown = range(0)
        self.paint([[Segment(text)]] if text else [])

    def turn_to(self, row: int, count: int) -> range:
        """Go to the page with a row of the list.

        Args:
            row: of the list.
            count: of its rows.

        Returns:
            The rows on that page.
        """
        self._fit(count)
        start = row // self.page * self.page
        self._shown = range(start, min(start + self.page, count))
        return self._shown

    def in_rows(
        self, captions: Sequence[Segment], pictures: Sequence[Sequence[Line]]
    ) -> list[Line]:
        """The lines of pictures side by side, row below row.

        Args:
            captions: of the pictures; each is cut, or filled, to their width.
            pictures: the lines of each.
        """
        gap = Segment(" " * self.GAP)
        lines: list[Line] = []
        for first in range(0, len(pictures), self.across):
            caption_line: Line = []
            for text, style, _ in captions[first : first + self.across]:
                caption_line += [
                    Segment(f"{text:<{self._columns}.{self._columns}}", style),
                    gap,
                ]
            in_row = pictures[first : first + self.across]
            lines.append(caption_line)
            for line in range(self._rows):
                lines.append([part for picture in in_row for part in (*picture[line], gap)])
        return lines

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self.HEAD:
            return
        across, beside = divmod(offset.x, self._columns + self.GAP)
        place = (offset.y - self.HEAD) // (self._rows + 1) * self.across + across
        if across < self.across and beside < self._columns and place < len(self._shown):
            self.post_message(RowChosen(self._shown[place]))
