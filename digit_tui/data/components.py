"""Connected components of an image by NumPy alone, fast for millions of pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Components(NamedTuple):
    """The connected components of a mask (h, w), pixels that touch at a corner included."""

    labels: NDArray[np.int32]
    """(h, w): the number of each pixel's component, from 1 on; 0 is background."""
    boxes: NDArray[np.int64]
    """(n, 4): top, left, bottom, right of each; the last two are the first outside."""
    areas: NDArray[np.int64]
    """(n,): pixels of each."""


def connected_components(mask: NDArray[np.bool_]) -> Components:
    """Label the components of `mask` (h, w), numbered by their first pixels in reading order.

    By runs: stretches of a row, which are joined with those that they touch in the next row.
    """
    rows, starts, ends = runs(mask)
    roots = _roots(len(rows), *_touching(rows, starts, ends, mask.shape[1]))
    numbers = np.unique(roots, return_inverse=True)[1].reshape(-1)
    count = int(numbers.max(initial=-1)) + 1
    labels = np.zeros(mask.shape, np.int32)
    labels[mask] = np.repeat(numbers + 1, ends - starts)
    boxes = np.zeros((count, 4), np.int64)
    boxes[:, :2] = np.iinfo(np.int64).max
    for column, values, extreme in (
        (0, rows, np.minimum),
        (1, starts, np.minimum),
        (2, rows + 1, np.maximum),
        (3, ends, np.maximum),
    ):
        extreme.at(boxes[:, column], numbers, values)
    areas = np.bincount(numbers, ends - starts, count).astype(np.int64)
    return Components(labels, boxes, areas)


def runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """(n,) each: rows, first columns and ends of the stretches of true, in reading order."""
    edges = np.zeros((mask.shape[0], mask.shape[1] + 1), np.int8)
    edges[:, :-1] = mask
    edges[:, 1:] -= mask
    rows, starts = np.nonzero(edges == 1)
    return rows, starts, np.nonzero(edges == -1)[1]


def _touching(
    rows: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], width: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pairs of runs that touch, (m,) each: the upper and the lower one's number."""
    stride = width + 2  # no run touches one at the other end of the row before
    first = np.searchsorted(rows * stride + ends, (rows + 1) * stride + starts)
    last = np.searchsorted(rows * stride + starts, (rows + 1) * stride + ends, side="right")
    counts = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(rows)), counts)
    offsets = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, np.repeat(first, counts) + offsets


def _roots(count: int, one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.int64]:
    """The smallest number of each of `count` nodes' component, joined by edges (m,).

    Each round hooks roots to smaller ones and halves the paths, so few rounds are needed: Shiloach
    and Vishkin (1982), "An O(log n) parallel connectivity algorithm".
    """
    parents = np.arange(count)
    while one.size:
        a, b = parents[one], parents[other]
        np.minimum.at(parents, np.maximum(a, b), np.minimum(a, b))
        while True:
            above = parents[parents]
            if (above == parents).all():
                break
            parents = above
        apart = parents[one] != parents[other]
        one, other = one[apart], other[apart]
    return parents


def joined(pairs: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n,): equal numbers for all that `pairs` (n, n) join, directly or over others."""
    return _roots(len(pairs), *np.nonzero(pairs))
