"""The hardest mistakes of this moment, as small pictures in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual import events
from textual.message import Message

from digit_tui.data import counted
from digit_tui.nn import Evaluation
from digit_tui.tui.drawing.ink import Line, default_renderer, draw
from digit_tui.tui.drawing.plot import BRAILLE
from digit_tui.tui.state.hardest import HardestMistakes, Shown
from digit_tui.tui.state.run_model import RunModel
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


class HardestDigits(Canvas):
    """A row of mistakes, the true label and the prediction above each; a click opens one."""

    COMPONENT_CLASSES = {
        "hardest-digits--true",
        "hardest-digits--predicted",
        "hardest-digits--fixed",
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
        self._hardest = HardestMistakes()
        self._drawn_for: tuple[object, ...] = ()

    @property
    def first(self) -> int | None:
        """Index of the first digit; None if there is none."""
        return self._hardest.places[0].digit if self._hardest.places else None

    @property
    def _picture(self) -> tuple[int, int]:
        """Columns and rows of a picture."""
        return next((size for size in SIZES if size[1] < self.size.height), SIZES[-1])

    @property
    def _across(self) -> int:
        """Pictures in a row."""
        return max((self.size.width + GAP) // (self._picture[0] + GAP), 1)

    def show(self, model: RunModel) -> None:
        """Draw the hardest mistakes of the latest evaluation."""
        evaluated, dataset = model.shown, model.dataset
        if evaluated is None or dataset is None or not self.size:
            self._title("")
            self.clear()
            self._drawn_for = ()
            return
        drawn_for = (evaluated, self.size, self.colors)
        if drawn_for == self._drawn_for:  # charts are drawn more often than there are evaluations
            return
        self._drawn_for = drawn_for
        wrong = evaluated.evaluation.total - evaluated.evaluation.correct
        self._hardest.update(evaluated, self._across)
        images, _ = dataset.split(evaluated.split)
        pictures = [
            self._draw(images[each.digit].reshape(dataset.side, dataset.side), each.fixed)
            for each in self._hardest.places
        ]
        lines: list[Line] = [[] for _ in range(self._picture[1] + 1)]
        for shown, picture in zip(self._hardest.places, pictures, strict=True):
            gap = [Segment(" " * GAP)] if lines[0] else []
            caption = self._caption(shown, evaluated.evaluation)
            for line, drawn in zip(lines, [caption, *picture], strict=True):
                line += [*gap, *drawn]
        if not wrong and not pictures:
            lines = [[Segment(f"Not one of the {evaluated.split} digits is wrong.")]]
        mistakes = counted(wrong, f"{evaluated.split} mistake")
        self._title(f"Hardest of {mistakes}, true → predicted" if wrong else "")
        self.paint(lines)

    def _title(self, text: str) -> None:
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
        style = self.part("hardest-digits--fixed")
        return [[Segment(segment.text, style) for segment in line] for line in lines]

    def _caption(self, shown: Shown, evaluation: Evaluation) -> Line:
        """For example "4→9 97%", or "✓ 4" of one that is right now."""
        width, index = self._picture[0], shown.digit
        true, predicted = int(evaluation.labels[index]), int(evaluation.predictions[index])
        if shown.fixed:
            return [Segment(f"✓ {true}".ljust(width), self.part("hardest-digits--fixed"))]
        confidence = float(evaluation.probabilities[index].max())
        return [
            Segment(f"{true}", self.part("hardest-digits--true")),
            Segment("→"),
            Segment(f"{predicted}", self.part("hardest-digits--predicted")),
            Segment(f" {confidence:.0%}".ljust(width - len(f"{true}→{predicted}"))),
        ]

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        place, rest = divmod(offset.x, self._picture[0] + GAP)
        if place < len(self._hardest.places) and rest < self._picture[0]:
            self.post_message(self.Opened(self._hardest.places[place].digit))


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
