"""Charts as plain text, for commands that print and exit. The only user of plotext in cli."""

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

from digit_tui.insight.ticks import linear_ticks, log_ticks

Array = NDArray[Any]

HEIGHT = 14
"""Lines of a chart, with its labels."""

COLORS = (6, 5, 2, 3, 4, 1)
"""Of the curves in turn, from the terminal's own palette, which suits its background."""

SMALLEST = 1e-12
"""Smaller values on a logarithmic axis are drawn here: zero has no logarithm."""

LIMIT = 1e12
"""Larger values are drawn here: plotext fails near the end of the range of a float."""

ASCII = str.maketrans("┤│└┬┼─", "||+++-")
"""Replacements for characters of frames, for output without Unicode."""


@dataclass(frozen=True, eq=False)
class NamedCurve:
    """A curve of a chart, with its name in the key."""

    name: str
    letter: str
    """What it is drawn with if there is no colour."""
    x: Array
    """(n,) rising."""
    y: Array
    """(n,); NaN and infinities are left out."""


@dataclass(frozen=True)
class ChartStyle:
    """What standard output can show."""

    width: int
    colored: bool
    """With colour, curves are fine lines of Braille; without, letters tell them apart."""
    unicode: bool

    @classmethod
    def of_stdout(cls) -> ChartStyle:
        """For the terminal, the file or the pipe that standard output is."""
        terminal = sys.stdout is not None and sys.stdout.isatty()
        # The old console of Windows does not understand colour codes.
        ansi = os.name != "nt" or "WT_SESSION" in os.environ
        dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
        try:
            "⣿┤".encode(getattr(sys.stdout, "encoding", None) or "ascii")
        except UnicodeEncodeError:
            unicode = False
        else:
            unicode = True
        width = shutil.get_terminal_size().columns
        return cls(max(width, 30), terminal and ansi and unicode and not dumb, unicode)


def chart(
    title: str,
    curves: Sequence[NamedCurve],
    style: ChartStyle,
    log: bool = False,
    percent: bool = False,
    powers: bool = False,
) -> str:
    """Curves over epochs, under a line that names them.

    Args:
        title: of the chart.
        curves: the first one is drawn on top.
        style: what the output can show.
        log: with a logarithmic axis.
        percent: the values are fractions, labelled as per cent.
        powers: they are over something else, of which x is the logarithm to the base 10.
    """
    colors = [COLORS[index % len(COLORS)] for index in range(len(curves))]
    keys = [_key(curve, color, style) for curve, color in zip(curves, colors, strict=True)]
    head = "   ".join([title, *keys])
    points = [_points(curve, log) for curve in curves]
    xs, ys = (np.concatenate(values) for values in zip(*points, strict=True))
    if not len(xs):
        return f"{head}\n  No points yet."
    plotext.clear_figure()
    plotext.limit_size(False, False)  # else to those of the terminal that it detects
    plotext.theme("clear")
    plotext.plotsize(style.width, HEIGHT)
    for curve, (x, y), color in reversed(list(zip(curves, points, colors, strict=True))):
        marker = "braille" if style.colored else curve.letter
        plotext.plot(x.tolist(), y.tolist(), color=color, marker=marker)
    low, high = _limits(ys.min(), ys.max())
    heights, values = _ticks(low, high, log)
    low, high = min(low, heights[0]), max(high, heights[-1])
    labels = [f"{100 * value:.6g}%" if percent else f"{value:.6g}" for value in values]
    plotext.ylim(low, high)
    plotext.yticks(heights.tolist(), labels)
    start, end = float(xs.min()), float(xs.max())
    plotext.xlim(*_limits(start, end))
    if powers:
        plotext.xticks(*log_ticks(start, end, style.width // 9 + 1))
    else:  # there is nothing between two epochs
        whole = max(int(end - start), 1)
        plotext.xticks(*linear_ticks(start, end, min(style.width // 14 + 1, whole)))
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    drawn = str(plotext.build()).rstrip("\n")
    if not style.colored:
        drawn = "\n".join(line.rstrip() for line in plotext.uncolorize(drawn).splitlines())
    return f"{head}\n{drawn if style.unicode else drawn.translate(ASCII)}"


def _key(curve: NamedCurve, color: int, style: ChartStyle) -> str:
    """A curve's entry in the key."""
    if style.colored:
        return f"{click.style('━━', fg=color)} {curve.name}"
    return curve.name if curve.name == curve.letter else f"{curve.letter} {curve.name}"


def _points(curve: NamedCurve, log: bool) -> tuple[Array, Array]:
    """The points that can be drawn."""
    finite = np.isfinite(curve.y)
    x, y = curve.x[finite], curve.y[finite]
    return x, np.log10(np.maximum(y, SMALLEST)) if log else np.clip(y, -LIMIT, LIMIT)


def _ticks(low: float, high: float, log: bool) -> tuple[Array, Array]:
    """Up to five places on an axis, and their values, rounded as far as they still differ."""
    places = np.linspace(low, high, 5)
    step = (high - low) / 4
    # The ratio of a value to its distance to the next one.
    parts = -10 / np.expm1(-step * np.log(10)) if log else max(abs(low), abs(high)) / step
    digits = min(int(np.log10(parts)), 8)
    values = np.unique([float(f"{value:.{digits}e}") for value in (10**places if log else places)])
    return np.log10(values) if log else values, values


def _limits(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis, which must differ: a single value is put at its upper end."""
    return (low, high) if low < high else (low - (abs(low) / 10 or 0.5), high)
