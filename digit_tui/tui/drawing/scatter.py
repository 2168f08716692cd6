"""Digits on a map as Braille dots, or each as a character, in the colours of their classes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from string import ascii_letters, digits
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color

from digit_tui.data.drawing import BRAILLE_DOTS
from digit_tui.tui.drawing.chart import BRAILLE
from digit_tui.tui.drawing.ink import Line, many_colors
from digit_tui.tui.terminal.charset import shows

Array = NDArray[Any]

COLORS = 10
"""Theme variables class-0 to class-9; more classes use them again."""
MARKS = digits + ascii_letters
"""A character for each class; there are at most 47."""
MISTAKE = "✗"
FEW = 0.05
"""The share of mistakes up to which each of them can be seen."""
CROWDED = 2.0
"""Digits in a cell, on average, from which dots show more than characters."""


class Scatter(NamedTuple):
    """Digits in the cells of a window. All that are outside of it are left out."""

    places: Array
    """(n, 2) float, column and row; whole numbers are the middle of a cell."""
    classes: Array
    """(n,) int"""
    wrong: Array
    """(n,) bool, which ones are mistakes."""


def class_styles(app: App[Any], classes: int) -> list[Style]:
    """The colour of each class."""
    names = [f"class-{each % COLORS}" for each in range(classes)]
    variables = app.theme_variables
    colors = {name: Color.parse(variables[name]).rgb for name in set(names)}
    return [Style(color=RichColor.from_rgb(*colors[name])) for name in names]


def can_draw_dots(app: App[Any], classes: int) -> bool:
    """Whether dots tell the classes apart."""
    return classes <= COLORS and many_colors(app) and shows(BRAILLE)


def draw_scatter(
    scatter: Scatter,
    width: int,
    height: int,
    styles: Sequence[Style],
    dots: bool,
    chosen: tuple[int, Style] | None,
) -> list[Line]:
    """A line of segments for each row of the window.

    A cell has the colour of the class that most of its digits are of. Where a mistake is in it that
    is a cross; while there are many, where at least half of its digits are.

    Args:
        scatter: the digits.
        width: columns of the window.
        height: rows of it.
        styles: of each class.
        dots: whether Braille dots may be used, where there are many digits in a cell.
        chosen: a digit to point at, by its place in the scatter, and the style for that.
    """
    rows = _cells(scatter, width, height, styles, dots)
    if chosen is not None:
        digit, style = chosen
        column, row = np.floor(scatter.places[digit] + 0.5).astype(int).tolist()
        mark = MARKS[scatter.classes[digit]]
        for x, text in ((column - 1, "▸"), (column, mark), (column + 1, "◂")):
            if 0 <= x < width and 0 <= row < height:
                rows[row][x] = text, style
    return [
        [
            Segment("".join(text for text, _ in group), style)
            for style, group in groupby(row, lambda cell: cell[1])
        ]
        for row in rows
    ]


def _cells(
    scatter: Scatter, width: int, height: int, styles: Sequence[Style], dots: bool
) -> list[list[tuple[str, Style | None]]]:
    """The character and style of each cell, row by row."""
    fractions = scatter.places + 0.5
    seen = ((fractions >= 0) & (fractions < [width, height])).all(axis=1)
    fractions = fractions[seen]
    cells = fractions.astype(int)
    place = cells[:, 1] * width + cells[:, 0]
    classes = len(styles)
    counts = np.bincount(
        place * classes + scatter.classes[seen], minlength=width * height * classes
    )
    counts = counts.reshape(width * height, classes)
    total, common = counts.sum(axis=1), counts.argmax(axis=1)
    mistakes = np.bincount(place[scatter.wrong[seen]], minlength=width * height)
    if dots and len(place) > CROWDED * np.count_nonzero(total):
        # A cell has four rows of two dots.
        within = ((fractions - cells) * [2, 4]).astype(int)
        codes = np.zeros(width * height, np.intp)
        np.bitwise_or.at(codes, place, BRAILLE_DOTS[within[:, 1], within[:, 0]])
        texts = [chr(0x2800 + code) for code in codes.tolist()]
    else:
        texts = [MARKS[each] for each in common.tolist()]
    drawn: list[tuple[str, Style | None]] = [(" ", None)] * (width * height)
    few = np.count_nonzero(scatter.wrong[seen]) <= FEW * max(len(place), 1)
    crosses = mistakes > 0 if few else 2 * mistakes >= total
    for at in np.flatnonzero(total).tolist():
        drawn[at] = MISTAKE if crosses[at] else texts[at], styles[common[at]]
    return [drawn[row * width : (row + 1) * width] for row in range(height)]
