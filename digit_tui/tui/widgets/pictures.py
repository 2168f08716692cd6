"""Pictures of digits: one large, or a gallery of small ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.text import Text

from digit_tui.nn import Evaluation
from digit_tui.tui.drawing.ink import Line, draw, draw_evidence, fitting_rows, many_colors
from digit_tui.tui.state.selected_digit import SelectedDigit, square
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.tiles import Tiles

Array = NDArray[Any]

CACHED = 500
"""Drawings that a gallery keeps."""


def caption(evaluation: Evaluation, index: int) -> str:
    """For example "#947 8 → 9"."""
    return f"#{index} {evaluation.labels[index]} → {evaluation.predictions[index]}"


class DigitPicture(Canvas):
    """One digit, as large as there is room for."""

    COMPONENT_CLASSES = {"digit-picture--for", "digit-picture--against"}

    def say(self, text: str) -> None:
        """Show text instead of a digit."""
        lines = Text(text).wrap(self.app.console, max(self.size.width, 1))
        self.paint([[Segment(line.plain)] for line in lines])

    def show(self, image: Array, renderer: str, evidence: Array | None = None) -> None:
        """Draw an image (side, side) uint8.

        Args:
            image: the digit.
            renderer: one of `RENDERERS`.
            evidence: (side, side), positive where a pixel is evidence for a class, else negative.
        """
        width, height = self.size
        rows = fitting_rows(len(image), width, height)
        columns = 2 * rows
        _, _, paper, ink = self.colors
        if evidence is None:
            lines = draw(image, columns, rows, renderer, paper, ink)
        else:
            styles = self.part("digit-picture--for"), self.part("digit-picture--against")
            shaded = renderer == "half blocks" and many_colors(self.app)
            palette = (paper, ink, *self.evidence_colors) if shaded else None
            lines = draw_evidence(image, evidence, columns, rows, palette, styles)
        self.paint(lines)

    @property
    def evidence_colors(self) -> tuple[Any, Any]:
        """The colours of pixels that are evidence for a class, and of those against it."""
        get = self.get_component_styles
        return get("digit-picture--for").color, get("digit-picture--against").color


class Gallery(Tiles):
    """A page of the list as small pictures; the chosen digit is marked."""

    COMPONENT_CLASSES = {"gallery--chosen", "gallery--wrong"}
    GAP = 1

    def __init__(self) -> None:
        super().__init__()
        self._cache: dict[object, list[Line]] = {}  # drawing takes longest

    def show(
        self, selected: SelectedDigit, order: NDArray[np.intp], row: int, renderer: str
    ) -> None:
        """Show the page of `order` that `row` is on."""
        evaluation = selected.table.evaluation
        captions, pictures = [], []
        for position in self.turn_to(row, len(order)):
            index = int(order[position])
            wrong = evaluation.labels[index] != evaluation.predictions[index]
            style = self.part("gallery--wrong") if wrong else None
            if position == row:
                style = self.part("gallery--chosen")
            text = f"{'▸' if position == row else ''}{caption(evaluation, index)}"
            captions.append(Segment(text, style))
            pictures.append(self._draw(selected, index, renderer))
        self.paint(self.in_rows(captions, pictures))

    def _draw(self, selected: SelectedDigit, index: int, renderer: str) -> list[Line]:
        _, _, paper, ink = self.colors
        image = selected.images[index]
        key = (image.tobytes(), self._rows, renderer, paper, ink)
        if key not in self._cache:
            if len(self._cache) >= CACHED:
                self._cache.clear()
            image = square(image, selected.dataset.side)
            self._cache[key] = draw(image, self._columns, self._rows, renderer, paper, ink)
        return self._cache[key]
