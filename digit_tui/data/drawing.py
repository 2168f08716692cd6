"""A digit as ASCII art."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.resample import area_overlaps

RAMP = " .:-=+*#%@"
"""Characters from background to full ink, each darker on paper than the one before."""


def draw_digit(image: NDArray[np.uint8], columns: int, rows: int, ramp: str = RAMP) -> list[str]:
    """`image` (height, width) uint8, 0..255, as `rows` strings of `columns` characters of `ramp`.

    A terminal cell is about twice as tall as wide, so `columns = 2 * rows` keeps the shape of a
    square image. A cell shows the middle between the mean and the maximum of its area: the mean
    alone fades strokes that are thinner than a cell, the maximum alone makes all of them fat.
    Raises ValueError for fewer than one row or column, or a ramp without a background and an ink.
    """
    if rows < 1 or columns < 1 or len(ramp) < 2:
        raise ValueError(f"cannot draw {columns}x{rows} cells with {len(ramp)} characters")
    height, width = image.shape
    down = area_overlaps(height, rows)
    across = area_overlaps(width, columns)
    mean = down @ image.astype(np.float64) @ across.T / (height * width)
    tallest = np.stack([image[touched].max(axis=0) for touched in down > 0])
    peak = np.stack([tallest[:, touched].max(axis=1) for touched in across > 0], axis=1)
    ink = (mean + peak) / (2 * 255)  # (rows, columns), 0..1
    levels = np.rint(ink * (len(ramp) - 1)).astype(np.intp)
    return ["".join(ramp[level] for level in row) for row in levels]
