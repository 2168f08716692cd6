"""A drawing as strokes of a round brush, and what they look like in pixels.

A stroke is a line through the points of the mouse or of the pen. A pixel is inked by its distance
to the line: fully inside the brush, and less and less over the last unit, as the edges of MNIST's
digits are soft. The picture is finer than a network sees it: it is sharp on a large screen, and a
small digit that is made larger for the network has smooth edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SIDE = 28
"""Side of a drawing in units: one is a pixel of MNIST."""
FINENESS = 4
"""Pixels of the picture along a unit."""
BRUSHES = {"thin": 2.5, "thick": 4.0}
"""Widths in units, by their names. A digit that fills the drawing has strokes as MNIST's."""
RUBBER = 5.0
"""Its width in units."""
EDGE = 1.0
"""Units over which the ink fades."""


class Point(NamedTuple):
    """A place on a drawing, in units from its upper left corner."""

    x: float
    y: float


@dataclass(frozen=True)
class Stroke:
    """A line that was drawn without lifting the pen."""

    width: float
    """Of the brush, in units."""
    rubs: bool
    """Whether it takes ink away."""
    points: list[Point] = field(default_factory=list)


class Drawing:
    """The strokes in their order, and their picture.

    Attributes:
        image: (112, 112) uint8, 0 background to 255 ink.
    """

    def __init__(self) -> None:
        self._strokes: list[Stroke] = []
        self._before: list[list[Stroke] | None] = []
        """What to go back to: the strokes before a clearing, or for a stroke all but the last."""
        self.image: NDArray[np.uint8] = np.zeros((SIDE * FINENESS, SIDE * FINENESS), np.uint8)

    @property
    def is_blank(self) -> bool:
        """Whether there is no ink."""
        return not self.image.any()

    @property
    def is_small(self) -> bool:
        """Whether all ink is in a box of less than half the side: strokes may be too wide there."""
        if self.is_blank:
            return False
        places = (np.flatnonzero(self.image.any(axis=axis)) for axis in (0, 1))
        return all(each[-1] - each[0] < len(self.image) // 2 for each in places)

    def begin(self, point: Point, width: float, rubs: bool = False) -> None:
        """Begin a stroke, with a dot.

        Args:
            point: where; it is moved into the drawing.
            width: of the brush, in units.
            rubs: whether it takes ink away.
        """
        self._before.append(None)
        self._strokes.append(Stroke(width, rubs))
        self.extend(point)

    def extend(self, point: Point) -> None:
        """Draw the last stroke on to a point, in a straight line."""
        stroke = self._strokes[-1]
        inside = Point(min(max(point.x, 0.0), SIDE), min(max(point.y, 0.0), SIDE))
        self._ink(stroke, stroke.points[-1] if stroke.points else inside, inside)
        stroke.points.append(inside)

    def undo(self) -> bool:
        """Take the last stroke back, or the clearing; returns whether there was something."""
        if not self._before:
            return False
        before = self._before.pop()
        if before is None:
            self._strokes.pop()
        else:
            self._strokes = before
        self._draw_all()
        return True

    def clear(self) -> None:
        """Remove all strokes; it can be undone."""
        if self._strokes:
            self._before.append(self._strokes)
            self._strokes = []
            self._draw_all()

    def _draw_all(self) -> None:
        self.image = np.zeros_like(self.image)
        for stroke in self._strokes:
            for start, end in zip(stroke.points[:1] + stroke.points, stroke.points, strict=False):
                self._ink(stroke, start, end)

    def _ink(self, stroke: Stroke, start: Point, end: Point) -> None:
        """Ink the pixels near a straight part of a stroke, or rub them out."""
        reach = (stroke.width + EDGE) / 2
        rows = _near(start.y, end.y, reach)
        columns = _near(start.x, end.x, reach)
        down = (np.arange(rows.start, rows.stop)[:, None] + 0.5) / FINENESS - start.y
        across = (np.arange(columns.start, columns.stop) + 0.5) / FINENESS - start.x
        length = hypot(end.x - start.x, end.y - start.y)
        if length:
            along, aside = (end.x - start.x) / length, (end.y - start.y) / length
            reached = (across * along + down * aside).clip(0, length)  # the nearest place on it
            across, down = across - reached * along, down - reached * aside
        covered = ((reach - np.hypot(across, down)) / EDGE).clip(0, 1)
        ink = np.rint(255 * covered).astype(np.uint8)
        part = self.image[rows, columns]
        part[...] = np.minimum(part, 255 - ink) if stroke.rubs else np.maximum(part, ink)


def _near(one: float, other: float, reach: float) -> slice:
    """The pixels of one axis that are within reach of a stretch of it, in units."""
    first = int((min(one, other) - reach) * FINENESS)
    last = int((max(one, other) + reach) * FINENESS) + 1
    return slice(max(first, 0), min(last, SIDE * FINENESS))
