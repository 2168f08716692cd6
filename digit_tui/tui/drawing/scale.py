"""The range of values that a chart shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FEWEST = 20
"""Of fewer points none is an outlier."""
OUTLYING = 0.03
"""Part of the points of a curve that may lie outside of the chart, at either end."""
WASTED = 0.5
"""They do where more than this part of the chart would be there for them alone."""
MARGIN = 0.1
"""Room beyond the other points, as a part of their range."""
ROUNDING = 1e-9
"""A relative difference that is none."""
LIMIT = 1e12
"""Larger values are drawn as this: plotext fails on numbers near the end of the float range."""


@dataclass(frozen=True)
class Scale:
    """The lowest and the highest value on a chart; logarithms of them on a logarithmic axis."""

    low: float
    high: float

    def clip(self, y: Array) -> Array:
        """Values outside are moved to just outside: lines still lead there."""
        beyond = self.high - self.low
        clipped: Array = np.clip(y, self.low - beyond, self.high + beyond)
        return clipped


def scale_for(
    curves: Iterable[Array], bounds: tuple[float, float] | None = None, log: bool = True
) -> Scale | None:
    """A range for curves that no single spike flattens; None without points.

    Args:
        curves: the finite values of each curve, (n,).
        bounds: what no value can be beyond; a range of a single value does not go there.
        log: whether the values are logarithms.
    """
    ranges = [_range(np.clip(y, -LIMIT, LIMIT)) for y in curves if len(y)]
    if not ranges:
        return None
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    if high - low <= ROUNDING * max(abs(low), abs(high)):  # a line, but for rounding errors
        half = 0.5 if log or not low else abs(low) / 2
        low, high = low - half, high + half
        if bounds is not None:
            low, high = max(low, bounds[0]), min(high, bounds[1])
    return Scale(low, high)


def _range(y: Array) -> tuple[float, float]:
    """From the lowest to the highest value, but for a few that are far out."""
    low, high = float(y.min()), float(y.max())
    if len(y) < FEWEST:
        return low, high
    inner_low, inner_high = (float(each) for each in np.quantile(y, (OUTLYING, 1 - OUTLYING)))
    margin = MARGIN * (inner_high - inner_low)
    if margin and high - inner_high > WASTED * (high - low):
        high = inner_high + margin
    if margin and inner_low - low > WASTED * (high - low):
        low = inner_low - margin
    return low, high
