"""What each layer puts out for a digit: shaded cells for hidden layers, numbers for the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size

from digit_tui.data import counted
from digit_tui.tui.drawing.ink import RENDERERS, Line, draw
from digit_tui.tui.state.selected_digit import SelectedDigit
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.layer_table import number
from digit_tui.tui.widgets.mouse import RowChosen, Wheel

Array = NDArray[Any]

FAINTEST = 0.12
"""Ink of a unit that puts out nothing, so that it is seen where there are units."""
LOGIT = 5
"""Columns of the number of a class."""
MOST_ROWS = 2
"""Of the cells of a layer, on a low screen; on a high one there are four times as many."""
HIGH = 30


class LayerOutputs(Canvas, Wheel):
    """From the first layer to the last; a click on a hidden one chooses it."""

    COMPONENT_CLASSES = {
        "layer-outputs--chosen",
        "layer-outputs--true",
        "layer-outputs--predicted",
    }

    def __init__(self) -> None:
        super().__init__()
        self._rows = 1
        self._layers: list[int] = []
        """The layer that each row is of, from 0."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._rows

    def show(
        self, outputs: Sequence[Array], chosen: int, selected: SelectedDigit, renderer: str
    ) -> None:
        """Draw them.

        Args:
            outputs: of each layer, (width,); the last one are the logits.
            chosen: the layer that is marked, counted from 1.
            selected: the digit.
            renderer: one of `RENDERERS`.
        """
        lines: list[Line] = []
        self._layers = []
        for place, values in enumerate(outputs):
            if place < len(outputs) - 1:
                own = self._hidden(values, place + 1, place + 1 == chosen, renderer)
            else:
                own = self._output(values, selected)
            lines += own
            self._layers += [place] * len(own)
        self.paint(lines)
        if len(lines) != self._rows:
            self._rows = len(lines)
            self.refresh(layout=True)

    def _hidden(self, values: Array, layer: int, chosen: bool, renderer: str) -> list[Line]:
        columns = max(self.size.width, 1)
        most = MOST_ROWS * (4 if self.screen.size.height >= HIGH else 1)
        smooth = renderer == RENDERERS[0]
        _, _, paper, ink = self.colors
        image, together = unit_image(values, columns, most, 2 if smooth else 1)
        active = int(np.count_nonzero(values > 0))
        text = f"layer {layer}: {active:,} of {counted(len(values), 'unit')} active"
        more = [f", up to {number(float(values.max()))}"]
        more += [f", {together} in a cell"] if together > 1 else []
        for each in more:
            text += each if len(text) + len(each) < columns else ""
        style = self.part("layer-outputs--chosen") if chosen else None
        rows = len(image) // 2 if smooth else len(image)
        cells = draw(image, columns, rows, RENDERERS[0] if smooth else RENDERERS[-1], paper, ink)
        return [[Segment(f"{'▸' if chosen else ' '}{text}", style)], *cells]

    def _output(self, logits: Array, selected: SelectedDigit) -> list[Line]:
        """The classes in question and the most probable ones, as many as fit, in their order."""
        room = max(self.size.width // LOGIT, 1)
        asked = [selected.predicted, selected.true, selected.rival]
        order = dict.fromkeys([*asked, *(-logits).argsort(kind="stable").tolist()])
        classes = sorted([*order][:room])
        which = "each class" if len(classes) == len(logits) else "some classes"
        return [
            [Segment(f" output: the logit of {which}")],
            [Segment(f"{each:>{LOGIT}}", self._style(each, selected)) for each in classes],
            [
                Segment(f"{_logit(float(logits[each])):>{LOGIT}}", self._style(each, selected))
                for each in classes
            ],
        ]

    def _style(self, each: int, selected: SelectedDigit) -> Style | None:
        if each == selected.true:
            return self.part("layer-outputs--true")
        return self.part("layer-outputs--predicted") if each == selected.predicted else None

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self._layers):
            self.post_message(RowChosen(self._layers[offset.y]))


def unit_image(values: Array, columns: int, rows: int, dots: int) -> tuple[Array, int]:
    """The units of a layer as an image, row by row, the strongest one in full ink.

    Args:
        values: (units,) outputs after a ReLU.
        columns: of the image.
        rows: rows of cells, at most.
        dots: units above each other in a cell.

    Returns:
        The image (a multiple of `dots`, columns) uint8, and how many neighbouring units share a
        place in it, where they do not fit otherwise: the strongest of them is shown.
    """
    together = -(-len(values) // (columns * rows * dots))
    places = -(-len(values) // together)
    height = -(-places // (columns * dots)) * dots
    finite = np.nan_to_num(np.maximum(values, 0).astype(np.float64))
    ink = FAINTEST + (1 - FAINTEST) * finite / (finite.max() or 1)
    padded = np.zeros(places * together)
    padded[: len(values)] = ink
    image = np.zeros(height * columns)
    image[:places] = padded.reshape(places, together).max(axis=1)
    return np.rint(255 * image.reshape(height, columns)).astype(np.uint8), together


def _logit(value: float) -> str:
    """In four columns, if that is possible."""
    text = f"{value:.1f}"
    return text if len(text) < LOGIT else f"{value:.0f}"
