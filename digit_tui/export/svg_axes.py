"""The frame of a chart in SVG: its axes, where a value is drawn, and the chart as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log10
from typing import NamedTuple

from digit_tui.export.markup import element, safe
from digit_tui.insight.ticks import linear_ticks, ticks_up

LEFT, TOP, WIDTH, HEIGHT, BELOW, RIGHT = 64, 64, 356, 196, 50, 28
"""Of the area of the curves, and what is around it. Labels are up to 16 high: see `Axes.svg`."""
ROWS = 11
"""Lines of labels that fit beside the area."""
X_TICKS = 5
MARGIN = 0.04
"""Of the values' range, above and below them."""


class Axes(NamedTuple):
    """Values from `low` to `high` by values from `start` to `end`."""

    start: float
    end: float
    low: float
    """On a logarithmic axis the logarithm, to base 10; so is `high`."""
    high: float
    log: bool = False
    percent: bool = False
    """The values are fractions, labelled as per cent."""

    @classmethod
    def around(
        cls, span: tuple[float, float], values: Iterable[float], log: bool, percent: bool
    ) -> Axes:
        """Axes with some room around values, all of them finite, and positive if `log`."""
        start, end = span if span[0] < span[1] else (span[0], span[0] + 1)
        places = [log10(each) for each in values] if log else list(values)
        low, high = (min(places), max(places)) if places else (0.0, 1.0)
        # Of one value alone nobody could tell the height; and rounding is no range.
        if high - low <= 1e-9 * max(abs(low), abs(high)):
            room = 0.5 if log else abs(low) / 2 or 0.5
        else:
            room = MARGIN * (high - low)
        bottom = low - room
        if not log and low >= 0:
            bottom = max(bottom, 0.0)
        return cls(start, end, bottom, high + room, log, percent)

    def x(self, value: float) -> float:
        """Where a value is drawn, from the left."""
        return LEFT + WIDTH * (value - self.start) / (self.end - self.start)

    def y(self, value: float) -> float:
        """Where a value is drawn, from the top."""
        place = log10(value) if self.log else value
        return TOP + HEIGHT * (self.high - place) / (self.high - self.low)

    def svg(self, x_label: str, x_percent: bool = False) -> str:
        """The grid, with numbers below it and to its left, and what the numbers below are.

        The size of the numbers is given by the page: it is larger where the chart is small.
        """
        parts = []
        places, labels = ticks_up(self.low, self.high, ROWS, self.log, self.percent)
        for place, label in zip(places, labels, strict=True):
            y = TOP + HEIGHT * (self.high - place) / (self.high - self.low)
            parts.append(f'<path class="grid" d="M{LEFT} {number(y)}h{WIDTH}"/>')
            parts.append(text(LEFT - 8, y + 5, label, anchor="end"))
        for place, label in zip(
            *linear_ticks(self.start, self.end, X_TICKS, x_percent), strict=True
        ):
            x = self.x(place)
            parts.append(f'<path class="tick" d="M{number(x)} {TOP + HEIGHT}v5"/>')
            parts.append(text(x, TOP + HEIGHT + 21, label, anchor="middle"))
        parts.append(f'<path class="axis" d="M{LEFT} {TOP}v{HEIGHT}h{WIDTH}"/>')
        parts.append(text(LEFT + WIDTH, TOP + HEIGHT + 42, x_label, anchor="end"))
        return "\n".join(parts)


def number(value: float) -> str:
    """A coordinate: a tenth is finer than a person sees."""
    rounded = floor(value * 10 + 0.5) / 10
    return f"{rounded:g}"


def text(
    x: float, y: float, words: str, anchor: str | None = None, class_: str | None = None
) -> str:
    """Words at a place."""
    return element("text", safe(words), x=number(x), y=number(y), text_anchor=anchor, class_=class_)


def chart(name: str, title: str, description: str, content: str, top: int = 0) -> str:
    """A whole chart, with what a screen reader says of it.

    Args:
        name: of the chart on the page: no other has it.
        title: what it shows, in a few words.
        description: what can be seen in it.
        content: the elements.
        top: where it begins: further down, where there is nothing above.
    """
    width, height = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BELOW - top
    return (
        f'<svg class="chart" viewBox="0 {top} {width} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-description">\n'
        + element("title", safe(title), id=f"{name}-title")
        + element("desc", safe(description), id=f"{name}-description")
        + f"\n{content}\n</svg>"
    )
