"""Images at another resolution, by exact area averaging."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.mapping import new_array

_CHUNK_PIXELS = 1 << 21
"""Pixels converted to floating point at a time: 16 MiB."""


def area_overlaps(source: int, target: int) -> NDArray[np.float64]:
    """Length that each of `target` cells shares with each of `source` pixels of one axis.

    (target, source) float64, integers in units of 1/target pixel: each row sums to `source`.
    """
    cells = np.arange(target)[:, None] * source
    pixels = np.arange(source)[None, :] * target
    overlap = np.minimum(cells + source, pixels + target) - np.maximum(cells, pixels)
    shared: NDArray[np.float64] = np.maximum(overlap, 0).astype(np.float64)
    return shared


def resample_area(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Images (n, rows, columns) uint8 as (n, side, side) uint8, each pixel the mean of its area.

    Halves round up. Images that already have that side are returned as they are.
    The sums are integers below 2**53, so they are exact in any order of summation and the
    result is the same on every machine.
    """
    if side < 1:
        raise ValueError(f"side must be at least 1 pixel, not {side}")
    count, rows, columns = images.shape
    if rows == columns == side:
        return images
    down = area_overlaps(rows, side)
    across = area_overlaps(columns, side).T
    area = rows * columns
    result = new_array((count, side, side))
    chunk = max(1, _CHUNK_PIXELS // (max(rows, side) * max(columns, side)))
    for start in range(0, count, chunk):
        part = images[start : start + chunk].astype(np.float64)
        sums = down @ (part @ across)  # (chunk, side, side), area times the mean
        result[start : start + chunk] = (2 * sums.astype(np.int64) + area) // (2 * area)
    return result
