"""A list of test digits, of which only the visible rows are ever drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from digit_tui.nn import Evaluation


class DigitList(Widget):
    """One line a digit: index, true → predicted, loss."""

    COMPONENT_CLASSES = {"digit-list--chosen", "digit-list--wrong"}

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Evaluation | None = None
        self._order: NDArray[np.intp] = np.empty(0, np.intp)
        self._row = 0
        self._top = 0

    def clear(self) -> None:
        self._evaluation = None
        self.border_title = ""
        self.refresh()

    def show(self, evaluation: Evaluation, order: NDArray[np.intp], row: int) -> None:
        """List the digits with these indices, with one row chosen and in sight."""
        self._evaluation, self._order, self._row = evaluation, order, row
        self._keep_in_sight()

    def on_resize(self) -> None:
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        height = max(self.size.height, 1)
        self._top = min(max(self._top, self._row - height + 1, 0), self._row)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        row = self._top + y
        width = self.size.width
        if self._evaluation is None or row >= len(self._order):
            return Strip.blank(width, self.rich_style)
        index = int(self._order[row])
        true, predicted = self._evaluation.labels[index], self._evaluation.predictions[index]
        loss = self._evaluation.losses[index]
        chosen = row == self._row
        wrong = true != predicted
        text = (
            f"{'▸' if chosen else ' '}{index:>6} {true:>2} → {predicted:<2} "
            f"{loss:>6.2f} {'✗' if wrong else '✓'}"
        )
        style = self.rich_style
        if wrong:
            style += self.get_component_rich_style("digit-list--wrong", partial=True)
        if chosen:
            style += self.get_component_rich_style("digit-list--chosen")
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)
