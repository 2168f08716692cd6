"""The layers of a network as rows of numbers, and how those of the chosen one came to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, log10

from rich.segment import Segment
from textual import events
from textual.geometry import Size

from digit_tui.insight.layer_report import removed_words
from digit_tui.insight.layers import LayerFacts, share_words
from digit_tui.run.commands import Lineage
from digit_tui.run.lineage import is_ancestor
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.terminal.charset import PLUS_MINUS
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.mouse import RowChosen, Wheel
from digit_tui.tui.widgets.status_line import BARS

HEALTHY = (1e-4, 1e-2)
"""Update ratios between these need no thought; about 1e-3 is the rule of thumb."""
MUCH = 0.4
"""From this share on, dead units are marked."""
LARGE = 1e4
"""Of what has exploded one digit says enough; columns would touch each other."""
TREND = 16
"""Looks in a line of the past."""
LEAST_SPAN = log10(2)
"""Between the lowest and the highest bar of a logarithm: a change below 5% is level."""


@dataclass(frozen=True)
class Moment:
    """What was seen at one look."""

    step: int
    lineage: Lineage
    epoch: float
    layers: Sequence[LayerFacts]

    def led_to(self, step: int, lineage: Lineage) -> bool:
        """Whether the run went on from it to a later moment."""
        return self.step < step and is_ancestor(self.step, self.lineage, step, lineage)


def number(value: float, precision: int = 2) -> str:
    """A number in few columns, for example 0.034, 1.2e-04, 3e+12 or nan."""
    if value == 0 or not isfinite(value):
        return f"{value:g}"
    if 1e-3 <= abs(value) < LARGE:
        return f"{value:.{precision}g}"
    return f"{value:.1e}" if abs(value) < LARGE else f"{value:.0e}"


def _spread(mean: float, deviation: float) -> str:
    return f"{number(mean)} {PLUS_MINUS}{number(deviation)}"


COLUMNS: tuple[tuple[str, int, Callable[[LayerFacts], str]], ...] = (
    ("shape", 9, lambda each: "{}→{}".format(*each.shape)),
    ("weights", 17, lambda each: _spread(each.weight_mean, each.weight_deviation)),
    ("gradient", 9, lambda each: number(each.gradient_norm)),
    ("update", 10, lambda each: f"{number(each.update_ratio)}{_arrow(each.update_ratio)}"),
    ("dead", 7, lambda each: share_words(each.dead)),
    ("saturated", 10, lambda each: share_words(each.saturated)),
    ("output", 8, lambda each: number(each.activation_mean)),
)
"""Title, width and text of each column."""
OF_RELU = ("dead", "saturated")
"""Columns that the output, without a ReLU, has no numbers for."""
PAST: tuple[tuple[str, Callable[[LayerFacts], float], bool], ...] = (
    (f"weights {PLUS_MINUS}", lambda each: each.weight_deviation, True),
    ("gradient", lambda each: each.gradient_norm, True),
    ("update", lambda each: each.update_ratio, True),
    ("dead", lambda each: each.dead, False),
)
"""Name and value of each line of the past, and whether its logarithm is drawn."""


def _arrow(ratio: float) -> str:
    """Whether a step changes too much, or next to nothing."""
    low, high = HEALTHY
    return "▲" if ratio > high else "▼" if 0 < ratio < low else " "


def past_bars(values: Sequence[float], log: bool) -> str:
    """A bar for each value; a share on its own scale, of other quantities the logarithm."""
    finite = [each for each in values if isfinite(each) and (each > 0 or not log)]
    if not finite:
        return ""
    scaled = {each: log10(each) if log else each for each in finite}
    low = min(scaled.values()) if log else 0.0
    span = max(max(scaled.values()) - low, LEAST_SPAN) if log else 1.0
    return "".join(
        BARS[round((scaled[each] - low) / span * (len(BARS) - 1))] if each in scaled else " "
        for each in values
    )


class LayerTable(Canvas, Wheel):
    """A click on a row chooses its layer."""

    COMPONENT_CLASSES = {
        "layer-table--head",
        "layer-table--chosen",
        "layer-table--outside",
    }

    def __init__(self) -> None:
        super().__init__()
        self._rows = 0
        self._says_removed = False

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._rows + 2 + self._says_removed

    def show(self, past: Sequence[Moment], chosen: int) -> None:
        """Draw what was seen last.

        Args:
            past: the looks so far, the latest last; at least one.
            chosen: the layer whose past is shown, from 0.
        """
        layers = past[-1].layers
        removed = removed_words(layers)
        if (len(layers), bool(removed)) != (self._rows, self._says_removed):
            self._rows, self._says_removed = len(layers), bool(removed)
            self.refresh(layout=True)
        head = "layer".ljust(7) + "".join(f"{name:>{width}}" for name, width, _ in COLUMNS)
        lines: list[Line] = [[Segment(head, self.part("layer-table--head"))]]
        for place, layer in enumerate(layers):
            lines.append(self._row(layer, place, place == chosen, len(layers)))
        if removed:
            lines.append([Segment(removed)])
        if len(past) > 1:
            lines.append([Segment(past_line(past, chosen, self.size.width))])
        self.paint(lines)

    def _row(self, layer: LayerFacts, place: int, chosen: bool, count: int) -> Line:
        name = "output" if place == count - 1 else str(place + 1)
        style = self.part("layer-table--chosen") if chosen else None
        line = [Segment(f"{'▸' if chosen else ' '}{name}".ljust(7), style)]
        for title, width, text in COLUMNS:
            own = place < count - 1 or title not in OF_RELU
            cell = f"{text(layer) if own else '-':>{width}}"
            outside = (title == "update" and cell[-1] != " ") or (
                title == "dead" and layer.dead >= MUCH
            )
            line.append(Segment(cell, self.part("layer-table--outside") if outside else style))
        return line

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and 0 < offset.y <= self._rows:
            self.post_message(RowChosen(offset.y - 1))


def past_line(past: Sequence[Moment], chosen: int, width: int) -> str:
    """How the numbers of a layer came to be, for example "since epoch 3: gradient ▇▅▃▂".

    Args:
        past: the looks so far, the latest last.
        chosen: the layer, from 0.
        width: columns; what comes last is left out if it does not fit.
    """
    shown = [*past][-TREND:]  # a deque has no slices
    text = f"since epoch {shown[0].epoch:.4g}:"
    output = chosen == len(shown[-1].layers) - 1
    for name, value, log in PAST:
        if output and name in OF_RELU:
            continue
        bars = past_bars([value(moment.layers[chosen]) for moment in shown], log)
        if len(text) + len(name) + len(bars) + 3 <= width:
            text += f"  {name} {bars}"
    return text
