"""What a digit was classified as, epoch after epoch."""

from __future__ import annotations

from rich.segment import Segment
from rich.text import Text

from digit_tui.insight.biography import Biography
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.widgets.canvas import Canvas

RIGHT = "·"
"""An epoch at which the prediction was right."""


class LifeLine(Canvas):
    """A digit's biography: some sentences, and below them a strip of its predictions by epoch."""

    COMPONENT_CLASSES = {"life-line--right", "life-line--wrong"}

    def show(self, biography: Biography, classes: int, legend: Line | None = None) -> None:
        """Show the biography of one digit.

        Args:
            biography: the digit's.
            classes: how many there are.
            legend: a line to put first, if any.
        """
        width, height = self.size
        strip = [self._strip(biography, classes, width)] if biography.epochs else []
        first = [legend] if legend is not None else []
        room = max(height - len(strip) - len(first), 0)
        text = self._wrap(biography.words, width)
        if len(text) > room:
            text = self._wrap(biography.words.replace("at epoch ", "at "), width)
        self.paint([*first, *text[:room], *strip])

    def _wrap(self, text: str, width: int) -> list[Line]:
        return [[Segment(line.plain)] for line in Text(text).wrap(self.app.console, width or 1)]

    def _strip(self, biography: Biography, classes: int, width: int) -> Line:
        """For example "1 99··9···· 11": from epoch 1 to 11; "6 ··99··9 60 ×9": every ninth."""
        epochs, predictions = biography.epochs, biography.predictions
        cell = 1 if classes <= 10 else 3  # two figures, and a gap
        count = len(epochs)
        for stride in range(1, count + 1):
            chosen = range((count - 1) % stride, count, stride)  # always with the newest
            begin, end = f"{epochs[chosen[0]]} ", f" {epochs[-1]}"
            if stride > 1:
                end += f" ×{stride}"
            if len(begin) + cell * len(chosen) + len(end) <= width:
                break
        line: Line = [Segment(begin)]
        for each in chosen:
            right = predictions[each] == biography.label
            mark = RIGHT if right else f"{predictions[each]}"
            style = self.part(f"life-line--{'right' if right else 'wrong'}")
            line.append(Segment(f"{mark:>{cell}}", style))
        return [*line, Segment(end)]
