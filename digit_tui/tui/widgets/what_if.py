"""What the network would predict if the digit were written a little differently."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment

from digit_tui.insight.what_if import Answer
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.widgets.canvas import Canvas


class WhatIf(Canvas):
    """A line for each variant: its name, the prediction and how sure it is."""

    COMPONENT_CLASSES = {"what-if--other"}

    def show(self, answers: Sequence[Answer]) -> None:
        """Show the answers; the first is about the digit as it is."""
        as_it_is, *variants = answers
        lines: list[Line] = [[Segment("  what if it were")]]  # clear of what is on the left
        for answer in variants:
            other = answer.prediction != as_it_is.prediction
            style = self.part("what-if--other") if other else None
            mark = " ◂" if other else ""
            text = f"{answer.name:<16} {answer.prediction:>2} {answer.confidence:>4.0%}{mark}"
            lines.append([Segment(text, style)])
        self.paint(lines)
