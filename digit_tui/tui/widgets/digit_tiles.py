"""Small pictures of digits in rows, each with a caption above it; a click opens one."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual import events
from textual.message import Message

from digit_tui.nn import Evaluation
from digit_tui.tui.drawing.chart import BRAILLE
from digit_tui.tui.drawing.ink import Line, default_renderer, draw
from digit_tui.tui.state.hardest import Shown
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.canvas import Canvas

Array = NDArray[Any]

SIZES = ((14, 7), (10, 5))
"""Columns and rows of a picture: the first that fits with its caption."""
GAP = 2
"""Columns between pictures."""
FAINT = 0.7
"""How far a digit that is right now is blended with the background."""
INK = 32
"""Pixels below this do not count as a part of the digit."""


class DigitTiles(Canvas):
    """As many digits as there is room for."""

    COMPONENT_CLASSES = {
        "digit-tiles--true",
        "digit-tiles--predicted",
        "digit-tiles--fixed",
    }

    class Opened(Message):
        """A digit was clicked."""

        def __init__(self, index: int) -> None:
            """Tell of it.

            Args:
                index: of the digit, in the split that is shown.
            """
            super().__init__()
            self.index = index

    def __init__(self) -> None:
        super().__init__()
        self.border_title = ""
        self._tiles: Sequence[Shown] = []
        self._drawn_for: tuple[object, ...] = ()

    @property
    def _picture(self) -> tuple[int, int]:
        """Columns and rows of a picture."""
        return next((size for size in SIZES if size[1] < self.size.height), SIZES[-1])

    @property
    def _across(self) -> int:
        """Pictures in a row."""
        return max((self.size.width + GAP) // (self._picture[0] + GAP), 1)

    @property
    def room(self) -> int:
        """How many digits it can show."""
        return self._across * max(self.size.height // (self._picture[1] + 1), 1)

    def is_new(self, *shown: object) -> bool:
        """Whether this was not what was asked for last, or for another size or other colours.

        Views are drawn more often than there are evaluations.

        Args:
            shown: what the digits follow from.
        """
        before, self._drawn_for = self._drawn_for, (*shown, self.size, self.colors)
        return before != self._drawn_for

    def draw_tiles(
        self, tiles: Sequence[Shown], images: Array, side: int, evaluation: Evaluation
    ) -> None:
        """Draw these digits.

        Args:
            tiles: no more than there is room for.
            images: (n, side * side) uint8, all of the split.
            side: of an image.
            evaluation: of the split.
        """
        self._tiles = tiles
        lines: list[Line] = []
        for place, tile in enumerate(tiles):
            if place % self._across == 0:
                lines += [[] for _ in range(self._picture[1] + 1)]
            picture = self._draw(images[tile.digit].reshape(side, side), tile.fixed)
            row = lines[-self._picture[1] - 1 :]
            for line, drawn in zip(row, [self._caption(tile, evaluation), *picture], strict=True):
                line += [*([Segment(" " * GAP)] if line else []), *drawn]
        self.paint(lines)

    def entitle(self, text: str) -> None:
        """Set its title."""
        if text != self.border_title:  # each title is sent to the terminal
            self.border_title = text

    def _draw(self, image: Array, faint: bool) -> list[Line]:
        columns, rows = self._picture
        renderer = default_renderer(self.app)
        if columns < SIZES[0][0]:  # in so little room Braille has the most dots
            renderer = "Braille" if shows(BRAILLE) else "ASCII"
        _, _, paper, ink = self.colors
        if faint:
            ink = ink.blend(paper, FAINT)
        lines = draw(cropped(image), columns, rows, renderer, paper, ink)
        if renderer == "half blocks" or not faint:
            return lines
        style = self.part("digit-tiles--fixed")
        return [[Segment(segment.text, style) for segment in line] for line in lines]

    def _caption(self, tile: Shown, evaluation: Evaluation) -> Line:
        """For example "4→9 97%", or "✓ 4" of one that is right now."""
        width, index = self._picture[0], tile.digit
        true, predicted = int(evaluation.labels[index]), int(evaluation.predictions[index])
        if tile.fixed:
            return [Segment(f"✓ {true}".ljust(width), self.part("digit-tiles--fixed"))]
        confidence = float(evaluation.probabilities[index].max())
        shown = f"{confidence:.0%}" if isfinite(confidence) else "?"  # of a network that diverged
        wrong = self.part("digit-tiles--predicted")
        right = self.part("digit-tiles--true")
        return [
            Segment(f"{true}", right),
            Segment("→"),
            Segment(f"{predicted}", right if true == predicted else wrong),
            Segment(f" {shown}".ljust(width - len(f"{true}→{predicted}"))),
        ]

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        across, beside = divmod(offset.x, self._picture[0] + GAP)
        place = offset.y // (self._picture[1] + 1) * self._across + across
        inside = across < self._across and beside < self._picture[0]
        if inside and place < len(self._tiles):
            self.post_message(self.Opened(self._tiles[place].digit))


def cropped(image: Array) -> Array:
    """The square (side, side) around the digit of an image (height, width) uint8, for more dots."""
    inked = np.argwhere(image >= INK)
    if not len(inked):
        return image
    low, high = inked.min(axis=0), inked.max(axis=0) + 1
    side = min(int((high - low).max()), *image.shape)
    start = np.clip((low + high - side) // 2, 0, np.array(image.shape) - side)
    top, left = start.tolist()
    return image[top : top + side, left : left + side]
