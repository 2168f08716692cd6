"""What a chart shows, and a chart that is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

Array = NDArray[Any]

MARKERS = {"braille": ("braille",), "blocks": ("hd",), "ascii": ("*", "o", "+", "x")}
"""What curves are drawn with: blocks or letters for fonts without Braille, and letters to
distinguish the curves where there is no colour."""
BLANK_BRAILLE, BRAILLE = "\u2800", "\u28ff"
"""What a terminal must be able to show for "braille"."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a chart."""

    x: Array
    y: Array
    color: str
    """Name of a theme variable."""
    mark: int = 0
    """Which letter it is drawn with, if it is drawn with letters."""
    faint: bool = False
    """Whether it is of an undone part."""
    points: str = ""
    """A sign for each of its points, where they stand alone; x need not rise. "" draws a line."""

    def value_at(self, x: float) -> float | None:
        """The value of its last point up to x; None before its first."""
        place = int(np.searchsorted(self.x, x * (1 + 1e-9), side="right")) - 1
        return float(self.y[place]) if place >= 0 else None


@dataclass(frozen=True, eq=False)
class Drawing:
    """Everything that a chart shows."""

    curves: list[Curve]
    span: tuple[float, float]
    """First and last x."""
    marks: list[tuple[float, str]]
    """x of the vertical lines, and the letter at the top of each."""
    log: bool = False
    percent: bool = False
    """The values are fractions, labelled as per cent."""
    least: float = 0.0
    """Drawn where there is none at all, which has no place on a logarithmic axis."""
    bounds: tuple[float, float] | None = None
    """Of the values up the chart, wherever the curves are: so drawings can be compared."""
    marker: str = "braille"
    powers: bool = False
    """Each x is the logarithm to the base 10 of what it stands for, and is labelled with that."""
    crosshair: float | None = None
    """x of a column that stands out."""
    most_ticks: int | None = None
    """At most so many intervals between ticks of x, where more would not mean anything."""
    x_ticks: tuple[list[float], list[str]] | None = None
    """Where there are ticks on the x axis, and what they say; None for round numbers."""


class Cell(NamedTuple):
    """A character and how it is drawn."""

    text: str
    style: Style | None = None


Rows = list[list[Cell]]


@dataclass(frozen=True, eq=False)
class Plot:
    """A chart that is drawn, and where on it the curves are."""

    rows: Rows
    left: int = 0
    """Column of the first x; the axis and its labels are before it."""
    columns: int = 0
    """From the first x to the last."""
    span: tuple[float, float] = (0.0, 0.0)
    """The first and the last x."""

    def x_at(self, column: int) -> float | None:
        """The x that is drawn in a column; None beside the curves."""
        place, (start, end) = column - self.left, self.span
        if not 0 <= place < self.columns or self.columns < 2:
            return None
        return start + (end - start) * place / (self.columns - 1)

    @property
    def lines(self) -> list[list[Segment]]:
        return [[Segment(*cell) for cell in row] for row in self.rows]


def letter(kind: str, mark: int) -> str | None:
    """Which letter a curve is drawn with; None if it is not drawn with letters."""
    markers = MARKERS[kind]
    return markers[mark % len(markers)] if len(markers) > 1 else None
