"""What the network makes of a drawing, beside the canvas."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Horizontal

from digit_tui.insight.drawn_digit import DrawingReading
from digit_tui.insight.evidence import evidence
from digit_tui.insight.what_if import what_if
from digit_tui.tui.state.drawn_digit import DrawnDigit
from digit_tui.tui.state.selected_digit import square
from digit_tui.tui.widgets.neighbours import NeighbourRow
from digit_tui.tui.widgets.probabilities import Probabilities
from digit_tui.tui.widgets.seen_drawing import SeenDrawing
from digit_tui.tui.widgets.what_if import WhatIf


class ReadDrawing(Container):
    """The bars of the classes, what the network sees, and what explains the answer."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="guess"):
            yield Probabilities()
            yield WhatIf()
        yield SeenDrawing()
        yield NeighbourRow()

    def show(
        self,
        digit: DrawnDigit,
        fork: DrawingReading | None,
        waits: bool,
        normalised: bool,
        marked: bool,
        renderer: str,
    ) -> None:
        """Show what follows each stroke.

        Args:
            digit: the drawing.
            fork: what the run's fork makes of it, if there is one.
            waits: whether it is not known yet what is no digit.
            normalised: whether the network was given the normalised drawing.
            marked: whether the pixels that decided are marked.
            renderer: one of `RENDERERS`.
        """
        reading = digit.reading
        self.set_class(fork is not None, "-forked")  # which has a line of its own
        self.query_one(Probabilities).show_reading(reading, waits, fork)
        seen = self.query_one(SeenDrawing)
        if not seen.display:
            return
        weights = None
        if marked:
            weights = evidence(digit.network, digit.image, reading.predicted, reading.rival)
            weights = square(weights, len(reading.image))
        seen.show(reading, normalised, renderer, weights)

    def explain(self, digit: DrawnDigit, renderer: str, at_once: bool) -> None:
        """Show what takes longer than the bars.

        Args:
            digit: the drawing.
            renderer: one of `RENDERERS`.
            at_once: whether to use the latest network though that takes time from training.
        """
        answers = what_if(digit.network, digit.image, len(digit.reading.image))
        self.query_one(WhatIf).show(answers)
        self.query_one(NeighbourRow).show(digit, renderer, at_once)

    def close(self) -> None:
        """Look for nothing any more."""
        self.query_one(NeighbourRow).close()
