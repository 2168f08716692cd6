"""Accuracy by strength: the curve of one corruption, among those of the others."""

from __future__ import annotations

import numpy as np

from digit_tui.insight.corruptions import STRENGTHS
from digit_tui.insight.robustness import NAMES, Robustness
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart

COLORS = ("held-out", "fork-held-out")
"""Of the run and of its fork, as everywhere."""


class RobustnessChart(Chart):
    """A curve for each corruption; those that are not chosen are faint."""

    def __init__(self) -> None:
        super().__init__("", id="robustness")

    def show(self, results: list[Robustness], chosen: int) -> None:
        """Draw it.

        Args:
            results: of the run and, if it was measured, of its fork.
            chosen: the place of the chosen corruption.
        """
        curves = [
            _curve(results[0], place, COLORS[0], faint=True)
            for place in range(len(NAMES))
            if place != chosen
        ]
        curves += [
            _curve(result, chosen, color, number)
            for number, (result, color) in enumerate(zip(results, COLORS, strict=False))
        ]
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        span = 0.0, float(STRENGTHS)
        self.draw(
            Drawing(
                curves,
                span,
                [],
                percent=True,
                bounds=(0.0, 1.0),
                marker=marker,
                most_ticks=STRENGTHS,
            )
        )


def _curve(result: Robustness, place: int, color: str, mark: int = 0, faint: bool = False) -> Curve:
    """What is known of it."""
    accuracies = result.accuracies[place]
    known = np.flatnonzero(~np.isnan(accuracies))
    return Curve(known.astype(np.float64), accuracies[known], color, mark, faint)
