"""Charts as plain text, for commands that print and end. Knows plotext."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
import plotext
from numpy.typing import NDArray

Array = NDArray[Any]

HEIGHT = 14
"""Lines of a chart, with its labels."""

COLORS = (6, 5, 2, 3, 4, 1)
"""Of the curves, in turn, from the terminal's own palette: they suit its background."""

SMALLEST = 1e-12
"""Values on a logarithmic axis are drawn at least here; zero has no logarithm."""

LIMIT = 1e12
"""Values beyond it are drawn at it: plotext fails on numbers near the end of their range."""

ASCII = str.maketrans("┤│└┬┼─", "||+++-")
"""Frames for a terminal that knows no others."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a chart."""

    name: str
    letter: str
    """What it is drawn with where there is no colour."""
    x: Array
    """(n,) rising."""
    y: Array
    """(n,), may hold NaN and infinities: they are left out."""


@dataclass(frozen=True)
class Style:
    """What the reader of standard output can show."""

    width: int
    colored: bool
    """With colour, curves are fine lines of Braille; without, letters tell them apart."""
    unicode: bool

    @classmethod
    def of_stdout(cls) -> Style:
        """That of the terminal, or of a file or another program."""
        terminal = sys.stdout is not None and sys.stdout.isatty()
        # The console of old Windows does not know colour codes.
        knows = os.name != "nt" or "WT_SESSION" in os.environ
        dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
        try:
            "⣿┤".encode(getattr(sys.stdout, "encoding", None) or "ascii")
        except UnicodeEncodeError:
            unicode = False
        else:
            unicode = True
        width = shutil.get_terminal_size().columns
        return cls(max(width, 30), terminal and knows and unicode and not dumb, unicode)


def chart(
    title: str,
    curves: Sequence[Curve],
    style: Style,
    log: bool = False,
    percent: bool = False,
) -> str:
    """Curves over epochs, under a line that names them.

    Args:
        title: what is drawn.
        curves: the first one lies on top.
        style: of what shows it.
        log: with a logarithmic axis.
        percent: the values are fractions, labelled as per cent.
    """
    colors = [COLORS[index % len(COLORS)] for index in range(len(curves))]
    keys = [_key(curve, color, style) for curve, color in zip(curves, colors, strict=True)]
    head = "   ".join([title, *keys])
    points = [_points(curve, log) for curve in curves]
    xs, ys = (np.concatenate(values) for values in zip(*points, strict=True))
    if not len(xs):
        return f"{head}\n  No points yet."
    plotext.clear_figure()
    plotext.limit_size(False, False)  # else of the terminal that it believes to be on
    plotext.theme("clear")
    plotext.plotsize(style.width, HEIGHT)
    for curve, (x, y), color in reversed(list(zip(curves, points, colors, strict=True))):
        marker = "braille" if style.colored else curve.letter
        plotext.plot(x.tolist(), y.tolist(), color=color, marker=marker)
    low, high = _room(ys.min(), ys.max())
    heights, values = _ticks(low, high, log)
    low, high = min(low, heights[0]), max(high, heights[-1])
    labels = [f"{100 * value:.6g}%" if percent else f"{value:.6g}" for value in values]
    plotext.ylim(low, high)
    plotext.yticks(heights.tolist(), labels)
    epochs = np.unique(np.linspace(xs.min(), xs.max(), style.width // 14 + 1).round())
    plotext.xlim(*_room(xs.min(), xs.max()))
    plotext.xticks(epochs.tolist(), [f"{epoch:.0f}" for epoch in epochs])
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    drawn = str(plotext.build()).rstrip("\n")
    if not style.colored:
        drawn = "\n".join(line.rstrip() for line in plotext.uncolorize(drawn).splitlines())
    return f"{head}\n{drawn if style.unicode else drawn.translate(ASCII)}"


def _key(curve: Curve, color: int, style: Style) -> str:
    """Which curve is which."""
    if style.colored:
        return f"{click.style('━━', fg=color)} {curve.name}"
    return curve.name if curve.name == curve.letter else f"{curve.letter} {curve.name}"


def _points(curve: Curve, log: bool) -> tuple[Array, Array]:
    """Those that can be drawn."""
    finite = np.isfinite(curve.y)
    x, y = curve.x[finite], curve.y[finite]
    return x, np.log10(np.maximum(y, SMALLEST)) if log else np.clip(y, -LIMIT, LIMIT)


def _ticks(low: float, high: float, log: bool) -> tuple[Array, Array]:
    """Up to five places on an axis, and their values, rounded as far as they still differ."""
    places = np.linspace(low, high, 5)
    step = (high - low) / 4
    # How many times a value is as large as its distance to the next one.
    parts = -10 / np.expm1(-step * np.log(10)) if log else max(abs(low), abs(high)) / step
    digits = min(int(np.log10(parts)), 8)
    values = np.unique([float(f"{value:.{digits}e}") for value in (10**places if log else places)])
    return np.log10(values) if log else values, values


def _room(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis, which must differ: a lone value lies at its upper end."""
    return (low, high) if low < high else (low - (abs(low) / 10 or 0.5), high)
