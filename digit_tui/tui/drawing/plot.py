"""Curves as lines of characters, drawn by plotext. The only module that knows plotext."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rich.color import Color as RichColor
from rich.style import Style
from rich.text import Text

from digit_tui.insight.ticks import SEVERAL, Ticks, label, linear_ticks, log_ticks, ticks_up
from digit_tui.tui.drawing.chart import (
    BLANK_BRAILLE,
    BRAILLE,
    MARKERS,
    Cell,
    Curve,
    Drawing,
    Plot,
    Rows,
    letter,
)
from digit_tui.tui.drawing.scale import ROUNDING, Scale, scale_for
from digit_tui.tui.state.series import thin

Array = NDArray[Any]
Rgb = tuple[int, int, int]

FAINT_MARKER = "."
"""Likewise for a faint curve, where letters are drawn."""
AXIS_ROWS = 2
"""The x axis and its labels."""
STYLED = re.compile(r"([^\x1b]*)((?:\x1b\[[0-9;]*m)*)")
"""Some text, and what plotext colours the text after it with, beginning with a reset."""
BLANK = Cell(" ")
LEFT_COLUMNS = 7
"""About as many the y axis and its labels take."""
X_TICKS = 6
"""On the axis of a small chart; half of that, where round numbers lie badly."""


class Painter(NamedTuple):
    """What plotext needs to know of the screen."""

    figure: Any
    """A figure of plotext."""
    theme: str
    """The name of a theme of plotext, for axes and background."""
    color: Callable[[Curve], Rgb]
    mark_color: Rgb
    letter_color: Rgb
    """Of the letters of marks, which are to be read."""


def plot(drawing: Drawing, width: int, height: int, painter: Painter) -> Plot:
    """Draw curves, axes and marks.

    Each curve that lives is drawn on a canvas of its own, and where two of them meet in a cell they
    take turns, column by column, so that neither hides the other.

    Args:
        drawing: what to show.
        width: columns.
        height: rows.
        painter: how.
    """
    points = [_points(curve, drawing.log, width) for curve in drawing.curves]
    living = [y for (_, y), curve in zip(points, drawing.curves, strict=True) if not curve.faint]
    if not any(len(y) > 1 for y in living):  # there is no line yet: one sees what was undone
        living = [y for _, y in points]
    bounds = ((-np.inf, 0.0) if drawing.log else (0.0, 1.0)) if drawing.percent else None
    scale = Scale(*drawing.bounds) if drawing.bounds else scale_for(living, bounds, drawing.log)
    if scale is None:
        return Plot([[], [*map(Cell, "  No points yet.")]])
    return _Plotting(drawing, points, scale, painter).plot(width, height)


def _points(curve: Curve, log: bool, width: int) -> tuple[Array, Array]:
    """The points that can be drawn; logarithms of them on a logarithmic axis."""
    y = curve.y
    if log:
        with np.errstate(all="ignore"):
            y = np.log10(y)
    if curve.points:
        finite = np.isfinite(y)
        return curve.x[finite], y[finite]
    return thin(curve.x, y, width)


@dataclass(frozen=True, eq=False)
class _Plotting:
    """A drawing on its way to a plot."""

    drawing: Drawing
    points: list[tuple[Array, Array]]
    """Of each curve; logarithms on a logarithmic axis."""
    scale: Scale
    painter: Painter

    def plot(self, width: int, height: int) -> Plot:
        rows = self._frame(width, height)
        left = next(column for column, cell in enumerate(rows[0]) if cell.text in "│┤") + 1
        columns, canvas_height = width - left, height - AXIS_ROWS
        living = [
            number
            for number, curve in enumerate(self.drawing.curves)
            if not curve.faint and len(self.points[number][0])
        ]
        canvases = [self._canvas(number, columns, canvas_height) for number in living]
        for y in range(canvas_height):
            for x in range(columns):
                drawn = [canvas[y][x] for canvas in canvases if canvas[y][x].text != " "]
                if drawn:
                    rows[y][left + x] = _together(drawn, x)
        plotted = Plot(rows, left, columns, self.drawing.span)
        start, end = self.drawing.span
        if start < end:
            self._draw_marks(plotted)
            for number in living:
                self._point_at_spikes(number, plotted)
            self._draw_letters(plotted)
            self._draw_crosshair(plotted)
        return plotted

    def _frame(self, width: int, height: int) -> Rows:
        """The axes with their ticks, the marks, and the curves of what was undone."""
        drawing, figure = self.drawing, self.painter.figure
        faint = [number for number, each in enumerate(drawing.curves) if each.faint]
        self._begin(faint, width, height)
        corner = drawing.span[0], self.scale.low
        figure.plot(*([each] for each in corner), marker=" ")  # or plotext leaves out the ticks
        low, high = self.scale.low, self.scale.high
        figure.yticks(*ticks_up(low, high, height - AXIS_ROWS, drawing.log, drawing.percent))
        figure.xticks(*(drawing.x_ticks or self._ticks_along(width)))
        figure.xaxes(True, False)
        figure.yaxes(True, False)
        return _rows(figure, width, height)

    def _ticks_along(self, width: int) -> Ticks:
        """As many as leave room between their labels: plotext drops those that do not fit."""
        drawing, (start, end) = self.drawing, self.drawing.span
        ticks = log_ticks if drawing.powers else linear_ticks
        scale = (width - LEFT_COLUMNS) / (end - start or 1)
        found: list[Ticks] = []
        for most in range(drawing.most_ticks or max(width // 9, X_TICKS), 0, -1):
            found.append(ticks(start, end, most))
            if len(found[-1][0]) >= SEVERAL and _have_room(found[-1], scale):
                return found[-1]
        halves = [(at[first::2], words[first::2]) for at, words in found for first in (0, 1)]
        several = [each for each in halves if len(each[0]) >= SEVERAL]
        return next((each for each in (*several, *found) if _have_room(each, scale)), found[-1])

    def _canvas(self, number: int, columns: int, height: int) -> Rows:
        """A curve without axes, at the same place as inside of them."""
        figure = self.painter.figure
        self._begin([number], columns, height)
        figure.xaxes(False, False)
        figure.yaxes(False, False)
        figure.xticks([], [])
        figure.yticks([], [])
        return _rows(figure, columns, height)

    def _begin(self, curves: Iterable[int], width: int, height: int) -> None:
        """Put these curves in the place of those before."""
        drawing, figure = self.drawing, self.painter.figure
        figure.clear_data()
        figure.theme(self.painter.theme)
        figure.plotsize(width, height)
        figure._set_size(width, height)  # plotsize alone is not enough: textual-plotext's issue 5
        for number in curves:
            curve, (x, y) = drawing.curves[number], self.points[number]
            if len(x):
                draw = figure.scatter if curve.points else figure.plot
                draw(
                    x.tolist(),
                    self.scale.clip(y).tolist(),
                    color=self.painter.color(curve),
                    marker=_marker(curve, drawing.marker),
                )
        figure.ylim(self.scale.low, self.scale.high)
        start, end = drawing.span
        figure.xlim(start, end if start < end else start + 1)

    def _columns(self, x: ArrayLike, plotted: Plot) -> Array:
        """The columns that some x are in."""
        start, end = self.drawing.span
        places = (np.asarray(x) - start) / (end - start) * (plotted.columns - 1)
        return plotted.left + np.rint(places).astype(int).clip(0, plotted.columns - 1)

    def _draw_marks(self, plotted: Plot) -> None:
        """A line behind the curves where a setting was changed."""
        start, end = self.drawing.span
        style = Style(color=RichColor.from_rgb(*self.painter.mark_color))
        for x, _ in self.drawing.marks:
            if not start <= x <= end:
                continue
            column = int(self._columns(x, plotted))
            for row in plotted.rows[:-AXIS_ROWS]:
                if row[column].text == " ":
                    row[column] = Cell("│", style + (row[column].style or Style()).background_style)

    def _draw_letters(self, plotted: Plot) -> None:
        """The letters of the marks, in front of all else."""
        style = Style(color=RichColor.from_rgb(*self.painter.letter_color), bold=True)
        for row, letters in zip(plotted.rows, self._letters(plotted), strict=False):
            for column, name in letters.items():
                row[column] = Cell(name, style)

    def _letters(self, plotted: Plot) -> list[dict[int, str]]:
        """By their rows and columns; after Z there are two, AA.

        One that would hide another is below it, as far as a third of the chart or three rows; then
        the latest ones are seen.
        """
        start, end = self.drawing.span
        height = len(plotted.rows) - AXIS_ROWS
        rows = max(height // 3, min(3, height - 1), 1)
        letters: list[dict[int, str]] = [{} for _ in range(rows)]
        for x, name in self.drawing.marks:
            if start <= x <= end:
                first = min(int(self._columns(x, plotted)), len(plotted.rows[0]) - len(name))
                places = range(first, first + len(name))
                free = (row for row in letters if not row.keys() & {*places})
                next(free, letters[-1]).update(zip(places, name, strict=True))
        return letters

    def _draw_crosshair(self, plotted: Plot) -> None:
        """A background for the column that values are read at."""
        (start, end), x = self.drawing.span, self.drawing.crosshair
        if x is None or not start <= x <= end:
            return
        column = int(self._columns(x, plotted))
        mark = RichColor.from_rgb(*self.painter.mark_color)
        for row in plotted.rows[:-AXIS_ROWS]:
            text, style = row[column]
            if style is not None and style.color == mark:  # it would not be seen
                style = Style(bold=style.bold)
            row[column] = Cell(text, (style or Style()) + Style(bgcolor=mark))

    def _point_at_spikes(self, number: int, plotted: Plot) -> None:
        """Arrows where a curve leaves the chart, and how far it goes."""
        scale, (x, y) = self.scale, self.points[number]
        column = self._columns(x, plotted)
        for outside, row, arrow, farthest in (
            (y > scale.high, plotted.rows[0], "▲", np.argmax(y)),
            (y < scale.low, plotted.rows[-AXIS_ROWS - 1], "▼", np.argmin(y)),
        ):
            if not outside.any():
                continue
            style = next((row[each].style for each in column[outside] if row[each].style), None)
            told = any(cell.text == arrow for cell in row)
            for each in column[outside]:
                if not told or row[each].text not in LABELS:  # of the first that goes out
                    row[each] = Cell(arrow, style)
            if told:  # of a curve that goes out as well: one value says how far
                continue
            value = 10 ** y[farthest] if self.drawing.log else y[farthest]
            if self.drawing.log and value <= self.drawing.least * (1 + ROUNDING):
                value = 0.0
            text = label(float(f"{value:.3g}"), self.drawing.percent)
            letters = self._letters(plotted)[0] if row is plotted.rows[0] else {}
            _write_beside(row, int(column[farthest]), arrow, text, plotted.left, letters, style)


LABELS = "0123456789.%e+-"
"""What values are written with."""


def _have_room(ticks: Ticks, scale: float) -> bool:
    """Whether there is a column between labels, with so many columns to a unit of the axis."""
    gaps = [(after - before) * scale for before, after in pairwise(ticks[0])]
    widths = [(len(one) + len(other)) / 2 for one, other in pairwise(ticks[1])]
    return all(gap > taken + 1 for gap, taken in zip(gaps, widths, strict=True))


def _write_beside(
    row: list[Cell],
    at: int,
    arrow: str,
    text: str,
    left: int,
    letters: Iterable[int],
    style: Style | None,
) -> None:
    """Write how far a curve goes beside its arrow, with a space to letters, if there is room."""
    taken = {*letters}
    places = [(at + 1, text), (at - len(text), text)]
    if at in taken:  # instead of the arrow the letter is seen there
        places = [(at + 2, arrow + text), (at - len(text) - 2, text + arrow)]
    for start, words in places:
        end = start + len(words)
        if left <= start and end <= len(row) and not taken & {*range(start - 1, end + 1)}:
            row[start:end] = [Cell(character, style) for character in words]
            return


def _rows(figure: Any, width: int, height: int) -> Rows:
    """What plotext has drawn, as cells."""
    rows: Rows = []
    for line in str(figure.build()).split("\n")[:height]:
        row: list[Cell] = []
        style = None
        for text, escapes in STYLED.findall(line):
            row += [Cell(each, style) for each in text]
            if escapes:
                style = _style_of(escapes)
        row += [BLANK] * (width - len(row))
        rows.append(row[:width])
    return rows


@lru_cache(1_000)
def _style_of(escapes: str) -> Style | None:
    """What some escape sequences make of the text after them."""
    styles = (span.style for span in Text.from_ansi(f"{escapes}x").spans)
    return next((style for style in styles if isinstance(style, Style)), None)


def _together(cells: Sequence[Cell], column: int) -> Cell:
    """Of the curves that meet in a cell one gives the colour, and each of Braille its dots."""
    cell = cells[column % len(cells)]
    if len(cells) == 1 or not all(BLANK_BRAILLE <= each.text <= BRAILLE for each in cells):
        return cell
    dots = 0
    for each in cells:
        dots |= ord(each.text)
    return cell._replace(text=chr(dots))


def _marker(curve: Curve, kind: str) -> str:
    if curve.points:
        return curve.points
    own = letter(kind, curve.mark)
    if own is None:
        return MARKERS[kind][0]
    return FAINT_MARKER if curve.faint else own
