"""Images whose pixels are looked up elsewhere in them: moved, turned, stretched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

DECIMALS = 9
"""Of coordinates in pixels: sines differ in their last bits from machine to machine."""


def affine_grid(side: int, matrix: Array, moved: tuple[float, float] = (0.0, 0.0)) -> Array:
    """Where each pixel of a result looks in the original, by a linear map about the centre.

    Args:
        side: of the images, in pixels.
        matrix: (2, 2), from an offset (rows down, columns right) in the result to one in the
            original.
        moved: rows and columns that are added.

    Returns:
        (2, side, side) float64, rows and columns.
    """
    centre = (side - 1) / 2
    down, right = np.indices((side, side)) - centre
    grid = [
        centre + row[0] * down + row[1] * right + offset
        for row, offset in zip(matrix, moved, strict=True)
    ]
    return np.round(np.stack(grid), DECIMALS)


def rotation_grid(side: int, degrees: float) -> Array:
    """(2, side, side) where pixels look to turn an image anticlockwise; see `affine_grid`."""
    sine, cosine = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    return affine_grid(side, np.array([[cosine, sine], [-sine, cosine]]))  # rows count downwards


def resample(images: Array, coordinates: Array) -> Array:
    """Blend the four pixels around the place that each pixel looks at (bilinear).

    Outside of an image is background. Only sums and products of pixels, one by one, so that the
    result is the same on every machine.

    Args:
        images: (n, side, side) uint8.
        coordinates: (2, side, side), rows and columns in pixels, the same for all images.

    Returns:
        (n, side, side) uint8.
    """
    count, side, _ = images.shape
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    # Pixels first: a lookup then copies runs of memory.
    pixels = np.ascontiguousarray(padded.reshape(count, (side + 2) ** 2).T)
    places = (coordinates.reshape(2, -1) + 1).clip(0, side + 1)
    rows, columns = np.minimum(places.astype(np.intp), side)
    below, beside = places[0] - rows, places[1] - columns
    corner = rows * (side + 2) + columns  # the upper left of the four
    blend = np.zeros((side * side, count))
    for step, weight in (
        (0, (1 - below) * (1 - beside)),
        (1, (1 - below) * beside),
        (side + 2, below * (1 - beside)),
        (side + 3, below * beside),
    ):
        if weight.any():  # not for whole pixels
            blend += weight[:, None] * pixels[corner + step]
    resampled: Array = np.rint(blend).astype(np.uint8).T.reshape(count, side, side)
    return resampled
