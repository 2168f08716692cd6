"""The test digits that the network gets wrong, and all others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Horizontal, Vertical

from digit_tui.insight.mistakes import by_loss
from digit_tui.nn import Evaluation
from digit_tui.tui.model import RunModel
from digit_tui.tui.screens.view import View
from digit_tui.tui.widgets.digit_list import DigitList
from digit_tui.tui.widgets.digits import DigitPicture, Gallery
from digit_tui.tui.widgets.probabilities import Probabilities

MOVE = Binding.Group("Digit", compact=True)


class MistakesView(View):
    """A list of digits, the highest loss first; the chosen one large, with its probabilities."""

    BINDINGS = [
        Binding("v", "toggle_all", "All", id="all", tooltip="Only mistakes, or all digits"),
        Binding("up", "move(-1)", "Digit", id="up", tooltip="The digit before", group=MOVE),
        Binding("down", "move(1)", "Digit", id="down", tooltip="The next digit", group=MOVE),
        Binding("left", "move(-1)", "Before", show=False, id="left", tooltip="The digit before"),
        Binding("right", "move(1)", "Next", show=False, id="right", tooltip="The next digit"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="pageup", tooltip="A page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="pagedown", tooltip="A page on"),
        Binding("home", "go(0)", "First", show=False, id="home", tooltip="The highest loss"),
        Binding("end", "go(-1)", "Last", show=False, id="end", tooltip="The lowest loss"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._everything = False
        self._evaluation: Evaluation | None = None
        self._order: NDArray[np.intp] = np.empty(0, np.intp)
        self._row = 0

    def compose_content(self) -> ComposeResult:
        with Horizontal(id="digits"):
            yield DigitList()
            with Vertical():
                with Container(id="digit"):
                    yield DigitPicture()
                    yield Probabilities()
                yield Gallery()

    def draw(self, model: RunModel) -> None:
        if model.evaluation is not self._evaluation:
            self._evaluation = model.evaluation
            self._sort()
        self._draw_digits()

    def _sort(self) -> None:
        """List the digits anew; the chosen one stays chosen, else its row does."""
        chosen = self._order[self._row] if len(self._order) else None
        if self._evaluation is None:
            self._order = np.empty(0, np.intp)
        else:
            self._order = by_loss(self._evaluation, mistakes_only=not self._everything)
        found = np.flatnonzero(self._order == chosen)
        self._row = int(found[0]) if len(found) else min(self._row, max(len(self._order) - 1, 0))

    def _draw_digits(self) -> None:
        dataset, evaluation = self.app.model.dataset, self._evaluation
        digits, gallery = self.query_one(DigitList), self.query_one(Gallery)
        picture, bars = self.query_one(DigitPicture), self.query_one(Probabilities)
        if dataset is None or evaluation is None:
            picture.say("No look at the test digits yet.")
            digits.clear()
            bars.clear()
            gallery.update("")
            return
        what = "digits" if self._everything else "mistakes"
        digits.border_title = f"{len(self._order):,} {what} by loss"
        digits.show(evaluation, self._order, self._row)
        if not len(self._order):
            picture.say("Not one mistake. Press v to see all test digits.")
            bars.clear()
            gallery.show(dataset, evaluation, self._order, 0)
            return
        index = int(self._order[self._row])
        picture.show(dataset, evaluation, index)
        bars.show(evaluation, index)
        gallery.show(dataset, evaluation, self._order, self._row)

    def action_toggle_all(self) -> None:
        self._everything = not self._everything
        self._sort()
        self._draw_digits()

    def action_move(self, rows: int) -> None:
        self._go(self._row + rows)

    def action_page(self, pages: int) -> None:
        self._go(self._row + pages * max(self.query_one(DigitList).size.height - 1, 1))

    def action_go(self, row: int) -> None:
        self._go(row if row >= 0 else len(self._order) - 1)

    def _go(self, row: int) -> None:
        self._row = min(max(row, 0), max(len(self._order) - 1, 0))
        self._draw_digits()
