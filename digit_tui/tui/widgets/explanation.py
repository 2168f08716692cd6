"""One digit: its picture and its probabilities; and, where it is explained, all that is known."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from digit_tui.insight.evidence import evidence
from digit_tui.insight.what_if import what_if
from digit_tui.tui.drawing.ink import WAYS, Line, many_colors
from digit_tui.tui.state.selected_digit import Subject, square
from digit_tui.tui.widgets.biography import LifeLine
from digit_tui.tui.widgets.neighbours import NeighbourRow
from digit_tui.tui.widgets.pictures import DigitPicture
from digit_tui.tui.widgets.probabilities import Probabilities
from digit_tui.tui.widgets.what_if import WhatIf

NEIGHBOUR_ROWS = 17
"""Rows from which there is room for look-alikes."""
WHAT_IF_COLUMNS = 78
"""Columns from which there is room for what-if."""


class Explanation(Container):
    """Picture and bars; when it is open, also the digit's life, its look-alikes and what-if."""

    def compose(self) -> ComposeResult:
        with Vertical(id="picture"):
            yield DigitPicture()
            yield LifeLine()
        with Horizontal(id="answers"):
            yield Probabilities()
            yield WhatIf()
        yield NeighbourRow()

    def _fit(self) -> None:
        """Leave out what there is no room for, while it is open.

        Closed it may be smaller, and stays as it is: so it need not be laid out twice to open.
        """
        self.set_class(self.size.height < NEIGHBOUR_ROWS, "-shallow")
        self.set_class(self.size.width < WHAT_IF_COLUMNS, "-slim")

    def say(self, words: str) -> None:
        """Show words instead of a digit."""
        self.query_one(DigitPicture).say(words)
        self.query_one(Probabilities).clear()
        self.close()

    def close(self) -> None:
        """Forget all but picture and bars."""
        self.query_one(LifeLine).clear()
        self.query_one(WhatIf).clear()
        self.query_one(NeighbourRow).close()

    def show(self, subject: Subject, way: str, pixels: bool = False) -> None:
        """Show the picture and the bars.

        Args:
            subject: the digit.
            way: what it is drawn with.
            pixels: whether to mark what speaks for the prediction and what against it.
        """
        weights = None
        if pixels:
            weights = evidence(subject.network, subject.image, subject.predicted, subject.rival)
            weights = square(weights, subject.dataset.side)
        self.query_one(DigitPicture).show(subject.square, way, weights)
        self.query_one(Probabilities).show(subject.digits, subject.index)

    def explain(self, subject: Subject, way: str, pixels: bool, at_once: bool) -> None:
        """Show everything; see `show`, and `NeighbourRow.show` for `at_once`."""
        self.set_class(pixels, "-pixels")
        self._fit()
        self.show(subject, way, pixels)
        dataset = subject.dataset
        legend = self._legend(subject, way) if pixels else None
        self.query_one(LifeLine).show(subject.digits.life(subject.index), dataset.classes, legend)
        self.query_one(WhatIf).show(what_if(subject.network, subject.image, dataset.side))
        self.query_one(NeighbourRow).show(subject, way, at_once)

    def _legend(self, subject: Subject, way: str) -> Line:
        """What the marks on the pixels mean."""
        picture = self.query_one(DigitPicture)
        marks = "■■" if way == WAYS[0] and many_colors(self.app) else "+-"
        return [
            Segment(
                f"{marks[0]} speaks for {subject.predicted}", picture.part("digit-picture--for")
            ),
            Segment(", "),
            Segment(f"{marks[1]} for {subject.rival}", picture.part("digit-picture--against")),
        ]
