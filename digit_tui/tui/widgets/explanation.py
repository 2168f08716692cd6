"""One digit: picture and probabilities; explained, also biography, what-if and neighbours."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from digit_tui.insight.evidence import evidence
from digit_tui.insight.what_if import what_if
from digit_tui.tui.drawing.ink import RENDERERS, Line, many_colors
from digit_tui.tui.state.selected_digit import SelectedDigit, square
from digit_tui.tui.widgets.biography import LifeLine
from digit_tui.tui.widgets.neighbours import NeighbourRow
from digit_tui.tui.widgets.pictures import DigitPicture
from digit_tui.tui.widgets.probabilities import Probabilities
from digit_tui.tui.widgets.what_if import WhatIf

NEIGHBOUR_ROWS = 17
"""Rows from which there is room for the nearest training digits."""
WHAT_IF_COLUMNS = 78
"""Columns from which there is room for what-if."""


class Explanation(Container):
    """Picture and bars; while it is open, also biography, nearest training digits and what-if."""

    def compose(self) -> ComposeResult:
        with Vertical(id="picture"):
            yield DigitPicture()
            yield LifeLine()
        with Horizontal(id="answers"):
            yield Probabilities()
            yield WhatIf()
        yield NeighbourRow()

    def _fit(self) -> None:
        """Hide what there is no room for. Called only while it is open.

        It may be smaller when closed; what is hidden stays the same then, so that opening it takes
        only one layout.
        """
        self.set_class(self.size.height < NEIGHBOUR_ROWS, "-shallow")
        self.set_class(self.size.width < WHAT_IF_COLUMNS, "-slim")

    def say(self, text: str) -> None:
        """Show text instead of a digit."""
        self.query_one(DigitPicture).say(text)
        self.query_one(Probabilities).clear()
        self.close()

    def close(self) -> None:
        """Clear everything but picture and bars."""
        self.query_one(LifeLine).clear()
        self.query_one(WhatIf).clear()
        self.query_one(NeighbourRow).close()

    def show(self, selected: SelectedDigit, renderer: str, pixels: bool = False) -> None:
        """Show the picture and the bars.

        Args:
            selected: the digit.
            renderer: one of `RENDERERS`.
            pixels: whether to mark the evidence for the prediction and against it.
        """
        weights = None
        if pixels:
            weights = evidence(selected.network, selected.image, selected.predicted, selected.rival)
            weights = square(weights, selected.dataset.side)
        self.query_one(DigitPicture).show(selected.square, renderer, weights)
        self.query_one(Probabilities).show(selected.table, selected.index)

    def explain(self, selected: SelectedDigit, renderer: str, pixels: bool, at_once: bool) -> None:
        """Show everything; see `show`, and `NeighbourRow.show` for `at_once`."""
        self.set_class(pixels, "-pixels")
        self._fit()
        self.show(selected, renderer, pixels)
        dataset = selected.dataset
        legend = self._legend(selected, renderer) if pixels else None
        self.query_one(LifeLine).show(selected.table.life(selected.index), dataset.classes, legend)
        self.query_one(WhatIf).show(what_if(selected.network, selected.image, dataset.side))
        self.query_one(NeighbourRow).show(selected, renderer, at_once)

    def _legend(self, selected: SelectedDigit, renderer: str) -> Line:
        """What the marks on the pixels mean."""
        picture = self.query_one(DigitPicture)
        marks = "■□" if renderer == RENDERERS[0] and many_colors(self.app) else "+-"
        return [
            Segment(
                f"{marks[0]} speaks for {selected.predicted}", picture.part("digit-picture--for")
            ),
            Segment(", "),
            Segment(f"{marks[1]} for {selected.rival}", picture.part("digit-picture--against")),
        ]
