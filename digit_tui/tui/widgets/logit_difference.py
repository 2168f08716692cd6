"""What makes the difference of the logits of two classes, in sums."""

from __future__ import annotations

from rich.segment import Segment

from digit_tui.insight.path import Contributions
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.state.selected_digit import SelectedDigit
from digit_tui.tui.widgets.canvas import Canvas

NUMBER = 8
"""Columns of a number."""


class LogitDifference(Canvas):
    """Four lines; the last one is the sum of the others."""

    COMPONENT_CLASSES = {"logit-difference--sum"}

    def show(self, parts: Contributions, selected: SelectedDigit) -> None:
        """Draw it.

        Args:
            parts: of the predicted class and its rival.
            selected: the digit.
        """
        predicted, rival, units = selected.predicted, selected.rival, parts.units
        speaking, against = units > 0, units < 0
        rows = (
            (f"{speaking.sum():,} units for {predicted}", float(units[speaking].sum())),
            (f"{against.sum():,} units for {rival}", float(units[against].sum())),
            ("biases", parts.rest),
            (f"logit {predicted} - logit {rival}", parts.difference),
        )
        room = max(self.size.width - NUMBER, 0)
        lines: list[Line] = [
            [Segment(f"{name:<{room}.{room}}{value:>+{NUMBER}.2f}")] for name, value in rows
        ]
        lines[-1] = [Segment(lines[-1][0].text, self.part("logit-difference--sum"))]
        self.paint(lines)
