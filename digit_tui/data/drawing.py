"""A digit as characters: ASCII art, Braille dots, half blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.resample import area_overlaps

RAMP = " .:-=+*#%@"
"""Characters from background to full ink, each darker on paper than the one before."""

SIGNED_RAMPS = ("+*#", "-=E")
"""Characters for positive and for negative numbers, from a quarter of the largest magnitude on; the
signs can be told apart without colour."""

BAYER = (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) + 0.5) / 16
"""Thresholds of ordered dithering: Bayer (1973), "An optimum method for two-level rendition of
continuous-tone pictures"."""

BRAILLE_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bit of each dot in a Braille character of Unicode: four rows of two dots."""

MNIST_BOX, MNIST_SIDE = 20, 28
"""MNIST's digits fill a box of 20 pixels of 28; a smaller crop would make a small digit large."""


def draw_digit(image: NDArray[np.uint8], columns: int, rows: int, ramp: str = RAMP) -> list[str]:
    """`image` (height, width) uint8, 0..255, as `rows` strings of `columns` characters of `ramp`.

    A terminal cell is about twice as tall as wide, so `columns = 2 * rows` keeps the shape of a
    square image.
    Raises ValueError for fewer than one row or column, or a ramp without a background and an ink.
    """
    if rows < 1 or columns < 1 or len(ramp) < 2:
        raise ValueError(f"cannot draw {columns}x{rows} cells with {len(ramp)} characters")
    levels = np.rint(_ink(image, columns, rows) * (len(ramp) - 1)).astype(np.intp)
    return ["".join(ramp[level] for level in row) for row in levels]


def draw_signed(picture: NDArray[Any], columns: int, rows: int) -> list[str]:
    """`picture` (height, width) of numbers as `rows` strings of `columns` characters.

    Each character is for the mean of its cell, compared with the largest magnitude of all cells:
    blank below a quarter of it, then one of SIGNED_RAMPS. All blank if a number is not finite.
    Raises ValueError for fewer than one row or column.
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"cannot draw {columns}x{rows} cells")
    if not (np.isfinite(picture).all() and picture.any()):
        return [" " * columns] * rows
    height, width = picture.shape
    numbers = picture / np.abs(picture).max()  # sums of large ones fit
    mean = area_overlaps(height, rows) @ numbers @ area_overlaps(width, columns).T
    levels = np.trunc(mean * (4 / (np.abs(mean).max() or 1))).clip(-3, 3).astype(np.intp)
    positive, negative = SIGNED_RAMPS
    ramp = f"{negative[::-1]} {positive}"
    return ["".join(ramp[3 + level] for level in row) for row in levels]


def draw_braille(image: NDArray[np.uint8], columns: int, rows: int) -> list[str]:
    """`image` (height, width) uint8 as `rows` strings of `columns` Braille characters or spaces.

    A character has four rows of two dots, about as far apart as they are above each other; grey is
    dithered. The drawing keeps the image's proportions and is centred.
    Raises ValueError for fewer than one row or column.
    """
    ink = _fitted(image, 2 * columns, 4 * rows)
    dots = ink > np.tile(BAYER, (rows, -(-columns // 2)))[:, : 2 * columns]
    cells = dots.reshape(rows, 4, columns, 2).transpose(0, 2, 1, 3)  # (rows, columns, 4, 2)
    codes = (cells * BRAILLE_DOTS).sum(axis=(2, 3))
    # Some fonts show the empty Braille character as empty circles.
    return ["".join(chr(0x2800 + code) if code else " " for code in row) for row in codes]


def half_blocks(image: NDArray[np.uint8], columns: int, rows: int) -> NDArray[np.uint8]:
    """`image` (height, width) uint8 as (2 * rows, columns) uint8, ink for half blocks, two a cell.

    Half of a terminal cell is about as tall as wide. The drawing keeps the image's proportions and
    is centred on background.
    Raises ValueError for fewer than one row or column.
    """
    return np.rint(255 * _fitted(image, columns, 2 * rows)).astype(np.uint8)


def ink_box(image: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Rows and columns of the smallest square that holds all ink of `image` (height, width).

    At least as large a part of the image as MNIST's digits fill, and inside the image. All of a
    blank image.
    """
    if not image.any():
        return slice(0, image.shape[0]), slice(0, image.shape[1])
    inked = [np.flatnonzero(image.any(axis=1 - axis)) for axis in (0, 1)]
    longest = max(int(places[-1] - places[0]) + 1 for places in inked)
    smallest = -(-MNIST_BOX * max(image.shape) // MNIST_SIDE)  # rounded up
    size = max(longest, smallest)
    box = []
    for places, length in zip(inked, image.shape, strict=True):
        own = min(size, length)
        centred = (int(places[0] + places[-1]) + 1 - own) // 2
        start = min(max(centred, 0), length - own)
        box.append(slice(start, start + own))
    return box[0], box[1]


def _fitted(image: NDArray[np.uint8], columns: int, rows: int) -> NDArray[np.float64]:
    """Ink (rows, columns), 0..1, of square dots: as large as fits in proportion, and centred."""
    if rows < 1 or columns < 1:
        raise ValueError(f"cannot draw {columns}x{rows} dots")
    height, width = image.shape
    scale = min(rows / height, columns / width)
    tall, wide = max(1, round(scale * height)), max(1, round(scale * width))
    top, left = (rows - tall) // 2, (columns - wide) // 2
    ink = np.zeros((rows, columns))
    ink[top : top + tall, left : left + wide] = _ink(image, wide, tall)
    return ink


def _ink(image: NDArray[np.uint8], columns: int, rows: int) -> NDArray[np.float64]:
    """Ink (rows, columns), 0..1: of each cell the middle between the mean and the maximum.

    The mean alone fades strokes that are thinner than a cell, the maximum alone makes all of them
    fat.
    """
    height, width = image.shape
    down = area_overlaps(height, rows)
    across = area_overlaps(width, columns)
    mean = down @ image.astype(np.float64) @ across.T / (height * width)
    tallest = np.stack([image[touched].max(axis=0) for touched in down > 0])
    peak = np.stack([tallest[:, touched].max(axis=1) for touched in across > 0], axis=1)
    return np.asarray((mean + peak) / (2 * 255))
