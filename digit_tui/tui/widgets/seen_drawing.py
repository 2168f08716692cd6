"""What the network sees of a drawing: each step of the normalisation, or the drawing shrunk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from digit_tui.data.drawing import MNIST_SIDE
from digit_tui.insight.drawn_digit import DrawingReading
from digit_tui.tui.drawing.ink import Line, draw, draw_evidence, many_colors
from digit_tui.tui.key_words import with_keys
from digit_tui.tui.widgets.canvas import Canvas

Array = NDArray[Any]

LOW = 8
"""Rows in which pictures that can be made out leave no room for a title."""
GAP = 2
"""Columns between pictures."""
STEPS = ["1 cropped", "2 20 pixels", "3 centred: seen"]
"""Names of the steps; the network is given the last one."""
TITLE = "What the network sees: the drawing, as MNIST's digits were made ({as_drawn}: as drawn)"
SHORT_TITLE = "What the network sees ({as_drawn}: as drawn)"
AS_DRAWN = "What the network sees: it is as drawn ({as_drawn}: normalised)"


class SeenDrawing(Canvas):
    """Pictures side by side, with their names below."""

    COMPONENT_CLASSES = {"seen-drawing--title", "seen-drawing--for", "seen-drawing--against"}

    def show(
        self, reading: DrawingReading, normalised: bool, renderer: str, evidence: Array | None
    ) -> None:
        """Draw the pictures.

        Args:
            reading: of the drawing.
            normalised: whether the network was given the normalised drawing.
            renderer: one of `RENDERERS`.
            evidence: (side, side) of each pixel that the network was given, to be marked.
        """
        width, height = self.size
        if height < 3:
            return
        last = self._last_picture(reading.image, renderer, evidence)
        if normalised:
            pictures = [reading.steps.cropped, _in_the_middle(reading.steps.scaled)]
            names, title = STEPS, with_keys(self.app, TITLE)
            if len(title) > width:
                title = with_keys(self.app, SHORT_TITLE)
        else:
            side = len(reading.image)
            pictures, names, title = (
                [],
                [f"seen as drawn, {side}x{side}"],
                with_keys(self.app, AS_DRAWN),
            )
        rows = self._rows
        _, _, paper, ink = self.colors
        drawn = [draw(each, 2 * rows, rows, renderer, paper, ink) for each in pictures] + [last]
        gap = Segment(" " * GAP)
        lines: list[Line] = []
        if self._has_title:
            lines.append([Segment(title[:width], self.part("seen-drawing--title"))])
        for row in range(rows):
            lines.append([each for picture in drawn for each in [*picture[row], gap]])
        *others, seen = names  # the last one may be longer than its picture
        room = 2 * rows
        named = "".join(f"{name:<{room}.{room}}{'':{GAP}}" for name in others)
        lines.append([Segment(named + seen)])
        self.paint(lines)

    @property
    def _rows(self) -> int:
        """Of a picture."""
        width, height = self.size
        across = (width - GAP * (len(STEPS) - 1)) // len(STEPS)
        return max(min(across // 2, height - 1 - self._has_title), 1)

    @property
    def _has_title(self) -> bool:
        """Whether there is room for it above the pictures and their names."""
        return self.size.height > LOW

    def _last_picture(self, image: Array, renderer: str, evidence: Array | None) -> list[Line]:
        """What the network is given, with the pixels marked that decided."""
        rows = self._rows
        _, _, paper, ink = self.colors
        if evidence is None:
            return draw(image, 2 * rows, rows, renderer, paper, ink)
        names = ("seen-drawing--for", "seen-drawing--against")
        palette = None
        if renderer == "half blocks" and many_colors(self.app):
            colors = [self.get_component_styles(name).color for name in names]
            palette = (paper, ink, *colors)
        styles = self.part(names[0]), self.part(names[1])
        return draw_evidence(image, evidence, 2 * rows, rows, palette, styles)


def _in_the_middle(scaled: Array) -> Array:
    """(28, 28) uint8: a scaled digit before its centre of mass is moved to the middle."""
    square = np.zeros((MNIST_SIDE, MNIST_SIDE), np.uint8)
    top, left = ((MNIST_SIDE - length) // 2 for length in scaled.shape)
    square[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return square
