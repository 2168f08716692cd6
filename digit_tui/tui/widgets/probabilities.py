"""The probabilities that the network gives the classes of a digit."""

from __future__ import annotations

import numpy as np
from rich.segment import Segment

from digit_tui.insight.digit_table import DigitTable
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.progress_line import PARTS

LONGEST = 80
"""Columns of a bar."""


def bar_of(share: float, columns: int) -> str:
    """A bar of a length from 0 to 1 of the columns, to an eighth of one; none for NaN."""
    whole, part = divmod(round(float(np.nan_to_num(share)) * columns * 8), 8)
    return "█" * whole + (PARTS[part] if part else "")


class Probabilities(Canvas):
    """A bar for each class, or for the most probable ones where there are many."""

    COMPONENT_CLASSES = {"probabilities--true", "probabilities--predicted"}

    def show(self, table: DigitTable, index: int) -> None:
        width, height = self.size
        evaluation = table.evaluation
        probabilities = evaluation.probabilities[index]
        true, predicted = int(evaluation.labels[index]), int(evaluation.predictions[index])
        shown = np.sort(np.argsort(-probabilities, kind="stable")[: max(height - 1, 1)])
        room = min(max(width - 16, 4), LONGEST)
        lines: list[Line] = [
            [Segment(f"rank {table.rank(index)}, margin {table.margin(index):+z.2f}")]
        ]
        for each in shown:
            value = float(probabilities[each])
            bar = bar_of(value, room)
            style, note = None, ""
            if each == predicted:
                style, note = self.part("probabilities--predicted"), "pred"
            if each == true:
                style, note = self.part("probabilities--true"), "true"
            lines.append([Segment(f"{each:>2} {bar:<{room}} {value:>6.1%} {note}", style)])
        self.paint(lines)
