"""Series of points for charts: appended as they come, smoothed and thinned for drawing."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

SMOOTHING = 0.97
"""Weight of the past in a smoothed series: a memory of about 30 points."""

FORGOTTEN = 10.0
"""What is so many times as high as each of the last `MEMORY` points has nothing to do with them."""
MEMORY = 30

MAX_POINTS = 16_000
"""A longer series is thinned, so that a run of hours takes no more memory than one of minutes."""
THIN_COLUMNS = 4_000
"""As many have two points each then, ..."""
CUT_COLUMNS = 1_000
"""... and as many in a series that is kept after its run went another way."""


class Series:
    """Points (x, y) with increasing x; thinned when there are very many."""

    def __init__(self) -> None:
        self._points = np.empty((2, 64))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, x: ArrayLike, y: ArrayLike) -> None:
        """Add one point, or several as arrays (n,)."""
        added = np.broadcast(x, y).size
        if self._count + added > MAX_POINTS:
            kept = thin(self.x, self.y, THIN_COLUMNS)
            self._count = len(kept[0])
            self._points[:, : self._count] = kept
        end = self._count + added
        if end > self._points.shape[1]:
            room = np.empty((2, max(end, 2 * self._points.shape[1])))
            room[:, : self._count] = self._points[:, : self._count]
            self._points = room
        self._points[0, self._count : end] = x
        self._points[1, self._count : end] = y
        self._count = end

    def put(self, x: float, y: float) -> None:
        """Add one point, in place of the last one if that is at the same x."""
        if self._count and self.x[-1] == x:
            self._count -= 1
        self.append(x, y)

    def cut(self, start: float) -> Series:
        """Remove the points beyond x = start; returns them."""
        kept = int(np.searchsorted(self.x, start, side="right"))
        rest = Series()
        rest.append(*thin(self.x[kept:], self.y[kept:], CUT_COLUMNS))
        self._count = kept
        return rest

    def between(self, start: float, end: float) -> tuple[Array, Array]:
        """The points beyond x = start, up to x = end."""
        first, last = np.searchsorted(self.x, [start, end], side="right")
        return self.x[first:last], self.y[first:last]

    @property
    def x(self) -> Array:
        """(n,) float64"""
        return self._points[0, : self._count]

    @property
    def y(self) -> Array:
        """(n,) float64, may hold NaN and infinities."""
        return self._points[1, : self._count]

    def since(self, start: float) -> tuple[Array, Array]:
        """The points from x = start on."""
        first = int(np.searchsorted(self.x, start))
        return self.x[first:], self.y[first:]


class Smoother:
    """An exponential moving average that is unbiased from its first value on.

    It is divided by the sum of its weights, as Adam does with its moments: otherwise the curve
    would start near zero and creep up. After a spike it begins anew with the points that are low
    again: on a logarithmic axis a loss of a million would else glide down for hundreds of steps.
    """

    def __init__(self, weight: float = SMOOTHING, past: Series | None = None) -> None:
        """Begin.

        Args:
            weight: of the past at each point.
            past: smoothed points to go on with.
        """
        self._weight = weight
        last = nan if past is None or not len(past) else float(past.y[-1])
        self._sum, self._total = (last, 1.0) if isfinite(last) else (0.0, 0.0)
        self._low = 0
        """Points since the last that was not far below the average, ..."""
        self._low_sum = self._low_total = 0.0
        """... and the average of these alone."""

    def add(self, values: ArrayLike) -> Array:
        """Smooth the next values (n,); NaN and infinities leave the average as it is."""
        smoothed = []
        for value in np.asarray(values, np.float64).tolist():
            if isfinite(value):
                self._take(value)
            smoothed.append(self._sum / self._total if self._total else nan)
        return np.array(smoothed)

    def _take(self, value: float) -> None:
        old, new = self._weight, 1 - self._weight
        self._sum, self._total = old * self._sum + new * value, old * self._total + new
        if FORGOTTEN * value >= self._sum / self._total:
            self._low, self._low_sum, self._low_total = 0, 0.0, 0.0
            return
        self._low += 1
        self._low_sum, self._low_total = (
            old * self._low_sum + new * value,
            old * self._low_total + new,
        )
        if self._low == MEMORY:
            self._low, self._sum, self._total = 0, self._low_sum, self._low_total
            self._low_sum = self._low_total = 0.0


def thin(x: Array, y: Array, columns: int) -> tuple[Array, Array]:
    """Keep at most two points a column, the lowest and the highest, so that no peak is lost.

    Args:
        x: (n,) rising.
        y: (n,); points that are not finite are dropped.
        columns: of the chart.
    """
    finite = np.isfinite(y)
    x, y = x[finite], y[finite]
    if len(x) <= 2 * columns or x[-1] <= x[0]:
        return x, y
    column = ((x - x[0]) * (columns / (x[-1] - x[0]))).astype(np.intp).clip(0, columns - 1)
    # Sorted by column and then by value, a column's first and last point are its extremes.
    order = np.lexsort((y, column))
    starts = np.flatnonzero(np.diff(column[order], prepend=-1))
    ends = np.append(starts[1:], len(order)) - 1
    kept = np.unique(np.concatenate([order[starts], order[ends]]))
    return x[kept], y[kept]
