"""Curves over epochs as SVG: in colours that all people can tell apart, and in other ways, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.export.markup import element, safe
from digit_tui.export.svg_axes import HEIGHT, LEFT, TOP, WIDTH, Axes, chart, number, text
from digit_tui.insight.ticks import label

Array = NDArray[Any]

DOTS = 40
"""Up to so many points of a curve are dots too."""
UNDONE = "undone"
"""The kind of curves of what was undone."""
LETTER, LETTERS = 11, 3
"""Width of a letter of a mark, and how many of them are named where marks are close together."""
DECADE = 10.0
"""Positive values that differ by more are drawn on a logarithmic axis, where one is allowed."""
UNMARKED = TOP - 39
"""Height of the letters of marks, which a chart without marks does not need."""
KEY_LINE, KEY_LETTER = 30, 9
"""Widths in the key: of a line, and of a letter of its name."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve of a chart."""

    name: str
    """In the key; "" leaves it out of that."""
    kind: str
    """Its looks, a class of the page's style: "training", "monitored" or `UNDONE`."""
    x: Array
    """(n,) epochs, rising."""
    y: Array
    """(n,); where it is not finite, the curve has a gap."""


class Mark(NamedTuple):
    """Where something was done to the run."""

    epoch: float
    letter: str
    """By which the page explains it."""
    words: str


def line_chart(
    name: str,
    title: str,
    curves: Sequence[Curve],
    span: tuple[float, float],
    marks: Sequence[Mark] = (),
    log: bool = False,
    percent: bool = False,
) -> str:
    """A chart of curves.

    Args:
        name: of the chart on the page.
        title: what it shows.
        curves: the last one is drawn on top. The axis is that of those that were not undone: a
            learning rate that ruined the run for a moment would make all else a flat line.
        span: the first and the last epoch of the axis.
        marks: what was done to the run, by epoch.
        log: whether a logarithmic axis may be used, if the values suggest it.
        percent: whether the values are fractions, to be labelled as per cent.
    """
    values = _finite(curve for curve in curves if curve.kind != UNDONE)
    if not len(values):
        values = _finite(curves)
    log = log and len(values) > 0 and 0 < values.min() * DECADE < values.max()
    axes = Axes.around(span, values.tolist(), log, percent)
    area = f'<rect x="{LEFT}" y="{TOP - 4}" width="{WIDTH + 4}" height="{HEIGHT + 8}"/>'
    parts = [element("clipPath", area, id=f"{name}-area")]
    top = 0 if marks else UNMARKED
    parts += [axes.svg("epoch"), *_key(curves, top + 15), *_marks(axes, marks)]
    drawn = "\n".join(_drawn(axes, curve) for curve in curves)
    parts.append(element("g", drawn, clip_path=f"url(#{name}-area)"))
    described = describe(title, curves, log, percent)
    return chart(name, title, described, "\n".join(parts), top)


def _finite(curves: Iterable[Curve]) -> Array:
    """All values that are."""
    values = [curve.y[np.isfinite(curve.y)] for curve in curves]
    return np.concatenate([*values, np.empty(0)])


def describe(title: str, curves: Sequence[Curve], log: bool, percent: bool) -> str:
    """The chart in words, for who cannot see it."""
    words = [f"{title} by epoch{', logarithmic axis' if log else ''}."]
    for curve in curves:
        finite = np.isfinite(curve.y)
        x, y = curve.x[finite], curve.y[finite]
        if not curve.name or curve.kind == UNDONE or not len(y):
            continue
        first, last, least, most = (
            label(float(f"{value:.3g}"), percent) for value in (y[0], y[-1], y.min(), y.max())
        )
        words.append(
            f"{curve.name.capitalize()}: {first} at epoch {x[0]:g}, {last} at epoch {x[-1]:g}; "
            f"lowest {least}, highest {most}."
        )
    return " ".join(words)


def thinned(x: Array, y: Array, columns: int) -> tuple[Array, Array]:
    """At most the lowest and the highest point of each column, in their order.

    A chart shows no more, and a run may have a hundred thousand epochs.
    """
    if len(x) <= 2 * columns:
        return x, y
    place = np.minimum((x - x[0]) / (x[-1] - x[0]) * columns, columns - 1).astype(int)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    kept = set()
    for start, end in pairwise([*starts.tolist(), len(x)]):
        part = np.where(np.isfinite(y[start:end]), y[start:end], np.nan)
        if np.isnan(part).all():
            kept.add(start)  # a gap
        else:
            kept |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}
    chosen = np.array(sorted(kept | {0, len(x) - 1}))
    return x[chosen], y[chosen]


def _drawn(axes: Axes, curve: Curve) -> str:
    x, y = thinned(curve.x, curve.y, WIDTH)
    points = [
        (number(axes.x(at)), number(axes.y(value))) if np.isfinite(value) else None
        for at, value in zip(x.tolist(), y.tolist(), strict=True)
    ]
    line, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
        else:
            line.append(f"{pen}{point[0]} {point[1]}")
            pen = "L"
    dots = []
    if len(x) <= DOTS and curve.kind != UNDONE:
        for at, value, point in zip(x.tolist(), y.tolist(), points, strict=True):
            if point is not None:
                shown = label(float(f"{value:.4g}"), axes.percent)
                words = safe(f"epoch {at:g}, {curve.name}: {shown}")
                dots.append(
                    f'<circle cx="{point[0]}" cy="{point[1]}" r="3"><title>{words}</title></circle>'
                )
    path = f'<path d="{"".join(line)}"/>'
    return element("g", path + "\n".join(dots), class_=f"curve {curve.kind}")


def _key(curves: Sequence[Curve], y: int) -> Iterator[str]:
    """A line and a name for each curve, above the chart, at a height."""
    x = float(LEFT)
    shown: set[str] = set()
    for curve in sorted(curves, key=lambda each: each.kind == UNDONE):
        if not curve.name or curve.name in shown:
            continue
        shown.add(curve.name)
        sample = f'<path d="M{number(x)} {y}h{KEY_LINE - 6}"/>'
        yield element("g", sample, class_=f"curve {curve.kind}")
        yield text(x + KEY_LINE, y + 5, curve.name)
        x += KEY_LINE + KEY_LETTER * len(curve.name) + 14


def _marks(axes: Axes, marks: Sequence[Mark]) -> Iterator[str]:
    """A line for each mark, and its letter above; those of near ones together."""
    labels: list[_Label] = []
    for mark in sorted(marks, key=lambda each: each.epoch):
        x = axes.x(mark.epoch)
        yield f'<path class="mark" d="M{number(x)} {TOP - 8}v{HEIGHT + 8}"/>'
        labels.append(_Label((x,), (mark,)))
        while len(labels) > 1 and labels[-2].end > labels[-1].start:
            last = labels.pop()
            labels[-1] = _Label(labels[-1].places + last.places, labels[-1].marks + last.marks)
    for label_ in labels:
        told = "; ".join(f"{mark.letter}: {mark.words}" for mark in label_.marks)
        yield element(
            "text",
            element("title", safe(told)) + safe(label_.words),
            x=number(label_.middle),
            y=TOP - 14,
            text_anchor="middle",
            class_="letter",
        )


class _Label(NamedTuple):
    """The letters of one mark, or of some that are close together."""

    places: tuple[float, ...]
    marks: tuple[Mark, ...]

    @property
    def words(self) -> str:
        letters = [mark.letter for mark in self.marks]
        if len(letters) <= LETTERS:
            return ",".join(letters)
        return f"{letters[0]}\N{HORIZONTAL ELLIPSIS}{letters[-1]}"

    @property
    def middle(self) -> float:
        return (self.places[0] + self.places[-1]) / 2

    @property
    def half(self) -> float:
        """Of its width, with some room."""
        narrow = self.words.count(",")
        return LETTER * (len(self.words) - narrow / 2) / 2 + 2

    @property
    def start(self) -> float:
        return self.middle - self.half

    @property
    def end(self) -> float:
        return self.middle + self.half
