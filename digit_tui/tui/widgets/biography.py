"""What a digit was taken for, epoch after epoch."""

from __future__ import annotations

import numpy as np
from rich.segment import Segment
from rich.text import Text

from digit_tui.insight.biography import Biography
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.widgets.canvas import Canvas

RIGHT = "·"
"""A look at which the prediction was right."""


class LifeLine(Canvas):
    """Its life in words, and below them a strip of its predictions, the newest at the right."""

    COMPONENT_CLASSES = {"life-line--right", "life-line--wrong"}

    def show(self, biography: Biography, classes: int, legend: Line | None = None) -> None:
        """Show one digit's life.

        Args:
            biography: the digit's.
            classes: how many there are.
            legend: a line that comes first, if there is anything to explain.
        """
        width, height = self.size
        strip = [self._strip(biography, classes, width)] if biography.epochs else []
        first = [legend] if legend is not None else []
        room = max(height - len(strip) - len(first), 0)
        words = self._wrap(biography.words, width)
        if len(words) > room:
            words = self._wrap(biography.words.replace("at epoch ", "at "), width)
        self.paint([*first, *words[:room], *strip])

    def _wrap(self, words: str, width: int) -> list[Line]:
        return [[Segment(line.plain)] for line in Text(words).wrap(self.app.console, width or 1)]

    def _strip(self, biography: Biography, classes: int, width: int) -> Line:
        """For example "1 99··9···· 11": from epoch 1 to 11."""
        epochs, predictions = biography.epochs, biography.predictions
        begin, end = f"{epochs[0]} ", f" {epochs[-1]}"
        cell = 1 if classes <= 10 else 3  # two figures, and a gap
        room = max((width - len(begin) - len(end)) // cell, 1)
        count = len(epochs)
        # As many looks as there is room for, evenly spread, the newest always among them.
        chosen = np.linspace(count - 1, 0, min(count, room)).round().astype(np.intp)[::-1]
        line: Line = [Segment(begin)]
        for evaluated in chosen:
            right = predictions[evaluated] == biography.label
            mark = RIGHT if right else f"{predictions[evaluated]}"
            style = self.part(f"life-line--{'right' if right else 'wrong'}")
            line.append(Segment(f"{mark:>{cell}}", style))
        return [*line, Segment(end)]
