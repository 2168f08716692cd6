"""A list of digits, of which only the visible rows are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual import events
from textual.strip import Strip

from digit_tui.insight.digit_table import DigitTable
from digit_tui.tui.widgets.mouse import RowChosen, Wheel

MARKS_END = 25
"""Columns of a line up to right or wrong, and "?"."""


class DigitList(Wheel):
    """One line a digit: index, true → predicted, a number, right or wrong, and "?" if suspect.

    Of a committee, also how many of its members are right.
    """

    COMPONENT_CLASSES = {"digit-list--chosen", "digit-list--wrong"}

    def __init__(self) -> None:
        super().__init__()
        self._table: DigitTable | None = None
        self._order: NDArray[np.intp] = np.empty(0, np.intp)
        self._row = 0
        self._order_name = "loss"
        self._top = 0

    def clear(self) -> None:
        self._table = None
        self.refresh()

    def show(self, table: DigitTable, order: NDArray[np.intp], row: int, order_name: str) -> None:
        """List the digits with these indices, with one row chosen and visible.

        Args:
            table: all digits.
            order: indices of those that are listed.
            row: which of them is chosen.
            order_name: decides the number that is shown: for "confidence" and "forgotten" that,
                otherwise the loss.
        """
        if (table, row, order_name) == (
            self._table,
            self._row,
            self._order_name,
        ) and order is self._order:
            return
        self._table, self._order, self._row, self._order_name = table, order, row, order_name
        self._scroll_to_row()

    def on_resize(self) -> None:
        self._scroll_to_row()

    def _scroll_to_row(self) -> None:
        height = max(self.size.height, 1)
        self._top = max(min(self._top, self._row, len(self._order) - height), 0)
        self._top = max(self._top, self._row - height + 1)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row = self._top + y
        width = self.size.width
        if self._table is None or row >= len(self._order):
            return Strip.blank(width, self.rich_style)
        table, index = self._table, int(self._order[row])
        true, predicted = table.evaluation.labels[index], table.evaluation.predictions[index]
        chosen = row == self._row
        wrong = true != predicted
        suspect = table.suspects[index] or table.unbacked[index]
        text = (
            f"{'▸' if chosen else ' '}{index:>6} {true:>2} → {predicted:<2} "
            f"{self._number(table, index):>6} {'✗' if wrong else '✓'}{'?' if suspect else ''}"
        )
        if table.members is not None:
            text = f"{text:<{MARKS_END}} {table.right_members(index)}/{len(table.members)}"
        style = self.rich_style
        if wrong:
            style += self.get_component_rich_style("digit-list--wrong", partial=True)
        if chosen:
            style += self.get_component_rich_style("digit-list--chosen")
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self._top + offset.y < len(self._order):
            self.post_message(RowChosen(self._top + offset.y))

    def _number(self, table: DigitTable, index: int) -> str:
        if self._order_name == "confidence":
            return f"{table.confidences[index]:.1%}"
        if self._order_name == "forgotten":
            return f"{table.lives.forgotten[index]}×"
        return f"{table.evaluation.losses[index]:.2f}"
