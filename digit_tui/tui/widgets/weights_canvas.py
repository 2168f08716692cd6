"""What the widgets with pictures of units have in common: how weights are drawn."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from rich.segment import Segment
from textual.color import Color

from digit_tui.data import SIGNED_RAMPS
from digit_tui.tui.drawing.ink import Line, many_colors
from digit_tui.tui.drawing.signed import draw_numbers
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.canvas import Canvas


class WeightsCanvas(Canvas):
    """Draws weights in the colours of evidence, or in signs where there are too few colours."""

    COMPONENT_CLASSES = {"weights-canvas--excites", "weights-canvas--calms"}

    @property
    def palette(self) -> tuple[Color, ...] | None:
        """The colours of paper, ink, positive and negative weights; None for signs."""
        if not (many_colors(self.app) and shows("▀")):
            return None
        _, _, paper, ink = self.colors
        get = self.get_component_styles
        excites, calms = get("weights-canvas--excites").color, get("weights-canvas--calms").color
        return paper, ink, excites, calms

    def draw_weights(self, picture: NDArray[Any], columns: int, rows: int) -> list[Line]:
        """A picture (side, side) as lines of cells."""
        styles = self.part("weights-canvas--excites"), self.part("weights-canvas--calms")
        return draw_numbers(picture, columns, rows, self.palette, styles)

    @property
    def legend(self) -> Line:
        """What the colours or signs mean."""
        marks = SIGNED_RAMPS if self.palette is None else ("■", "□")
        return [
            Segment(f"{marks[0]} excites", self.part("weights-canvas--excites")),
            Segment(f" {marks[1]} calms", self.part("weights-canvas--calms")),
        ]
