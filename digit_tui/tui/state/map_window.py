"""The part of a map of digits that is seen, and which digits lie where in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ASPECT = 2.0
"""A cell of a terminal is about so many times as high as wide."""
MOST_ZOOM = 64.0
ASIDE = 2.0
"""How much farther a digit seems that is aside of the direction of an arrow key."""


class MapWindow:
    """A window of cells through which a map is seen, at the same scale in both directions.

    Attributes:
        zoom: 1 shows the whole map.
        centre: (2,) of the map, at the middle of the window.
    """

    def __init__(self) -> None:
        self.zoom = 1.0
        self.centre = np.zeros(2)
        self._points: Array = np.empty((0, 2))
        self._size = np.ones(2)

    def take(self, points: Array) -> None:
        """Look at a map; what was seen of the one before stays about where it was.

        Args:
            points: (n, 2) finite numbers, in any unit.
        """
        self._points = points
        if len(points):
            low, high = points.min(axis=0), points.max(axis=0)
            # As a network learns its map may grow: its own extent is the unit of the centre.
            self._points = (points - (low + high) / 2) / ((high - low).max() or 1)

    def fit(self, width: int, height: int) -> None:
        """Look through a window of so many columns and rows."""
        self._size = np.array([max(width, 1), max(height, 1)], float)

    @property
    def _scale(self) -> Array:
        """(2,) columns and rows to a unit of the map; rows are counted downward."""
        spans = np.ptp(self._points, axis=0) if len(self._points) else np.ones(2)
        room = np.maximum(self._size - 1, 1) * [1, ASPECT]
        columns = self.zoom * (room / np.maximum(spans, 1e-3)).min()
        return np.array([columns, -columns / ASPECT])

    @property
    def places(self) -> Array:
        """(n, 2) column and row of each digit; whole numbers are the middle of a cell."""
        places: Array = (self._points - self.centre) * self._scale + (self._size - 1) / 2
        return places

    @property
    def cells(self) -> Array:
        """(n, 2) int, column and row of the cell that each digit is in."""
        return np.floor(self.places + 0.5).astype(int)

    @property
    def inside(self) -> Array:
        """(n,) bool, which digits are seen."""
        cells = self.cells
        seen: Array = np.all((cells >= 0) & (cells < self._size), axis=1)
        return seen

    def zoom_by(self, factor: float, column: float, row: float) -> None:
        """Zoom in or out; what is at a place of the window stays there."""
        aside = np.array([column, row]) - (self._size - 1) / 2
        fixed = self.centre + aside / self._scale
        self.zoom = min(max(self.zoom * factor, 1.0), MOST_ZOOM)
        self.centre = fixed - aside / self._scale
        self._keep_on_map()

    def pan(self, columns: float, rows: float) -> None:
        """Move the window over the map."""
        self.centre = self.centre + np.array([columns, rows]) / self._scale
        self._keep_on_map()

    def reset(self) -> None:
        """Show the whole map."""
        self.zoom, self.centre = 1.0, np.zeros(2)

    def _keep_on_map(self) -> None:
        """Only what is seen at first can be seen, and the middle of the window is on the map."""
        if len(self._points):
            whole = (self._size - 1) / 2 / np.abs(self._scale) * self.zoom
            reach = np.minimum((1 - 1 / self.zoom) * whole, np.abs(self._points).max(axis=0))
            self.centre = self.centre.clip(-reach, reach)

    def reveal(self, digit: int) -> None:
        """Move the window so that a digit, by its place in `points`, is seen."""
        if not self.inside[digit]:
            self.centre = self._points[digit].copy()
            self._keep_on_map()

    def nearest(self, column: float, row: float, digits: Array) -> int:
        """The one of some digits, by their places in `points`, that is nearest to a cell."""
        away = (self.places[digits] - [column, row]) * [1, ASPECT]
        return int(digits[np.square(away).sum(axis=1).argmin()])

    def next(self, digit: int, right: int, down: int, digits: Array) -> int:
        """The nearest digit in a direction, in another cell; the same one if there is none.

        Args:
            digit: where to begin, by its place in `points`.
            right: 1 right, -1 left, or 0.
            down: 1 down, -1 up, or 0.
            digits: (m,) int, which ones there are to choose from.
        """
        away = (self.cells[digits] - self.cells[digit]) * [1, ASPECT]
        ahead, aside = away @ [right, down], np.abs(away @ [down, right])
        ways = np.hypot(ahead, ASIDE * aside)
        # One that is more aside than ahead is in another direction, unless there is no other.
        for possible in ((ahead > 0) & (aside <= ahead), ahead > 0):
            if possible.any():
                return int(digits[np.where(possible, ways, np.inf).argmin()])
        return digit
