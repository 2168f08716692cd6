"""Pictures that were enlarged by repeating pixels, as small digits often are to show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_BLOCKS = 64
"""The blocks of a digit that was larger than this before, in pixels a side, do not matter."""
LARGEST = 2000
"""Pictures with a longer side are left alone."""
CHANGES = 6
"""A bar has few edges, and they may be anywhere: fewer than these on an axis say nothing."""
LEAST_FACTOR = 1.7
"""Blocks are that many pixels on average, at least; those of less enlarged pictures could be there
by chance."""


def without_blocks(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`levels` (h, w) uint8, enlarged smoothly (bicubic) if they were enlarged in blocks.

    Where blocks are of 2 and of 3 pixels, strokes change their width as they cross the picture, and
    corners look like strokes of their own.
    """
    if max(levels.shape) > LARGEST:
        return levels
    rows, columns = _row_of_blocks(levels), _row_of_blocks(levels.T)
    if rows is None or columns is None:
        return levels
    from PIL.Image import Resampling, fromarray

    small = fromarray(np.ascontiguousarray(levels[np.ix_(rows, columns)]))
    height, width = levels.shape
    return np.asarray(small.resize((width, height), Resampling.BICUBIC))


def _row_of_blocks(levels: NDArray[np.uint8]) -> NDArray[np.intp] | None:
    """One row of each block of equal rows, if the picture (h, w) is made of such blocks."""
    size = len(levels)
    changes = np.flatnonzero((levels[1:] != levels[:-1]).any(axis=1)) + 1
    if len(changes) < CHANGES:
        return None
    for blocks in range(len(changes) + 1, min(MOST_BLOCKS, int(size / LEAST_FACTOR)) + 1):
        edges = np.arange(blocks) * size / blocks
        # Programs take the nearest pixel to a pixel's centre, or to its corner. A centre may be as
        # near to two, and is rounded either way.
        for place, tie in ((0.5, 1e-6), (0.0, 0.0)):
            first, later = (np.ceil(edges - place + either) for either in (-tie, tie))
            if np.isin(changes, np.concatenate([first, later])).all():
                return later.astype(np.intp)
    return None
