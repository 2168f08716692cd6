"""The digits that excite a unit most."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from rich.segment import Segment

from digit_tui.insight.one_unit import EXCITING, UnitFacts
from digit_tui.nn import Evaluation
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.state.hardest import Shown
from digit_tui.tui.widgets.digit_tiles import GAP, SIZES, DigitTiles

Array = NDArray[Any]

SMALL = (7, 4)
"""Columns and rows of a picture, so that all of them fit in 80 columns."""


class ExcitingDigits(DigitTiles):
    """Each with its label and the activation of the unit; a click opens one."""

    COMPONENT_CLASSES = {"exciting-digits--chosen"}

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[int, float] = {}
        self._chosen: int | None = None

    @property
    def _picture(self) -> tuple[int, int]:
        room, height = self.size.width + GAP, self.size.height
        fitting = (
            (columns, rows)
            for columns, rows in SIZES
            if EXCITING * (columns + GAP) <= room and rows < height
        )
        return next(fitting, SMALL)

    def show(
        self,
        facts: UnitFacts,
        digits: list[int],
        chosen: int,
        images: Array,
        evaluation: Evaluation,
    ) -> None:
        """Draw the digits.

        Args:
            facts: of the unit.
            digits: those that excite it most, as indices of the split, as many as fit.
            chosen: the place of the chosen one among them.
            images: (n, side * side) uint8, all of the split.
            evaluation: of the split.
        """
        self._values = dict(zip(digits, facts.excitements.tolist(), strict=False))
        self._chosen = digits[chosen] if digits else None
        if not digits:
            self.paint([[Segment("None: its activation is never above 0.")]])
            return
        tiles = [Shown(digit) for digit in digits]
        self.draw_tiles(tiles, images, len(facts.picture), evaluation)

    def _caption(self, tile: Shown, evaluation: Evaluation) -> Line:
        """For example "▸4 12.3"."""
        index, width = tile.digit, self._picture[0]
        true = int(evaluation.labels[index])
        right = evaluation.predictions[index] == true
        style = self.part(f"digit-tiles--{'true' if right else 'predicted'}")
        mark = "▸" if index == self._chosen else ""
        value = f" {self._values[index]:#.3g}".rstrip(".")
        label = f"{mark}{true}"
        return [
            Segment(label, self.part("exciting-digits--chosen") if mark else style),
            Segment(f"{value:<{max(width - len(label), 0)}}"),
        ]
