"""A digit of any size, made as MNIST's digits were made.

"The images were size normalized to fit in a 20x20 pixel box while preserving their aspect ratio",
and centred in 28x28 pixels "by computing the center of mass of the pixels": LeCun, Bottou, Bengio
and Haffner (1998), "Gradient-Based Learning Applied to Document Recognition", and the page of the
dataset. A network that has learned from such digits misreads others.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.drawing import MNIST_BOX, MNIST_SIDE

WIDEST = 3.2
"""Strokes that are wider in the box, in pixels, are thinned: most of MNIST's are not (its median is
2.6), and a network trained on full MNIST is right about as many of its test digits as before."""
THIN = 0.25
"""Fainter ink is taken away then. Of a third of scikit-learn's digits, enlarged in four ways,
0.1 to 0.35 read 95% on average, 0.8 points more than nothing taken away, and 0.45 three points
less; what is sharp, such as a broad pen, hardly changes."""


@dataclass(frozen=True, eq=False)
class Normalised:
    """A digit after each step of the normalisation, uint8, 0 background to 255 ink."""

    cropped: NDArray[np.uint8]
    """(h, w): the smallest box that holds all ink; a blank image as it was."""
    scaled: NDArray[np.uint8]
    """(h, w): the longer side is 20 pixels."""
    image: NDArray[np.uint8]
    """(28, 28): its centre of mass is at pixel (14, 14), counted from 0, and its longer side is 20
    pixels, both to a fraction of a pixel: so it looks alike however large the picture was."""


def normalise_digit(ink: NDArray[np.uint8]) -> Normalised:
    """Crop, scale and centre `ink` (height, width) uint8, 0 background to 255 ink."""
    if not ink.any():
        blank = np.zeros((MNIST_SIDE, MNIST_SIDE), np.uint8)
        return Normalised(ink, blank, blank)
    cropped = _cropped(ink)
    scaled = _scaled(cropped, MNIST_BOX)
    digit = cropped
    if stroke_width(scaled) > WIDEST:
        digit = _thinned(cropped)
        scaled = _scaled(digit, MNIST_BOX)
    return Normalised(cropped, scaled, _centred(digit))


def stroke_width(image: NDArray[np.uint8]) -> float:
    """The mean width of the strokes of an image (h, w) with some ink, in pixels.

    A long stroke's area is half its outline times its width; the outline of something grey is its
    total variation (the coarea formula: Federer 1959, "Curvature measures").
    """
    padded = np.pad(image.astype(np.float64), 1)
    down = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
    across = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    return float(2 * image.sum(dtype=np.float64) / max(np.hypot(down, across).sum(), 1e-9))


def _thinned(cropped: NDArray[np.uint8]) -> NDArray[np.float64]:
    """`cropped` (h, w) without the faint edges of its wide strokes, at three times the box's size.

    Strokes are wide that were enlarged smoothly, or are blurred. What is fainter than THIN is taken
    away.
    """
    fine = _scaled(cropped, 3 * MNIST_BOX) / 255
    return _cropped(np.clip((fine - THIN) / (1 - THIN), 0, 1))


def _cropped(ink: NDArray[Any]) -> NDArray[Any]:
    """The smallest box of `ink` (h, w), which is not blank, that holds all of it."""
    rows, columns = (np.flatnonzero(ink.any(axis=1 - axis)) for axis in (0, 1))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(cropped: NDArray[Any], box: int) -> NDArray[np.uint8]:
    """`cropped` (h, w) with its longer side of `box` pixels and its darkest pixel 255."""
    factor = box / max(cropped.shape)
    tall, wide = (max(1, round(length * factor)) for length in cropped.shape)
    return _resampled(cropped, _weights(cropped.shape[0], tall), _weights(cropped.shape[1], wide))


def _centred(cropped: NDArray[Any]) -> NDArray[np.uint8]:
    """(28, 28) uint8: `cropped` (h, w) scaled to the box, its centre of mass at pixel (14, 14)."""
    factor = MNIST_BOX / max(cropped.shape)
    weights = []
    for axis, source in enumerate(cropped.shape):
        mass = cropped.sum(axis=1 - axis, dtype=np.float64)
        centre = float(mass @ (np.arange(source) + 0.5) / mass.sum())
        length = max(1.0, source * factor)
        start = (MNIST_SIDE + 1) / 2 - centre * length / source
        start = min(max(start, 0.0), MNIST_SIDE - length)
        weights.append(_placing_weights(source, length, start))
    return _resampled(cropped, *weights)


def _resampled(
    cropped: NDArray[Any], down: NDArray[Any], across: NDArray[Any]
) -> NDArray[np.uint8]:
    """The sums of `cropped` (h, w) by weights (rows, h) and (columns, w), the darkest 255."""
    pixels = down @ cropped @ across.T
    resampled: NDArray[np.uint8] = np.rint(pixels * (255 / pixels.max())).astype(np.uint8)
    return resampled  # thin strokes do not fade


def _weights(source: int, target: int) -> NDArray[Any]:
    """(target, source) float64: rows that sum to 1, for a digit that fills the target."""
    weights = _triangles(np.arange(source), source, target, 0.0, target)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _placing_weights(source: int, length: float, start: float) -> NDArray[Any]:
    """(28, source) float64, for a digit of so many pixels from `start` on; beyond it is no ink."""
    reach = ceil(max(1.0, source / length))
    weights = _triangles(np.arange(-reach, source + reach), source, length, start, MNIST_SIDE)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)  # far from the digit it is 0
    placing: NDArray[Any] = weights[:, reach:-reach]
    return placing


def _triangles(
    places: NDArray[Any], source: int, length: float, start: float, target: int
) -> NDArray[Any]:
    """(target, places) float64: linear interpolation, wide enough to average.

    A triangle around the centre of each target pixel, of one source pixel at least and of one
    target pixel where that is larger, so that all that is scaled down still counts.

    Args:
        places: of source pixels, by index.
        source: how many of them are the digit.
        length: of the digit, in target pixels.
        start: where it begins, likewise.
        target: how many pixels there are.
    """
    centres = (np.arange(target) + 0.5 - start) * source / length - 0.5
    width = max(1.0, source / length)
    distances = np.abs(places[None, :] - centres[:, None]) / width
    triangles: NDArray[Any] = np.maximum(0.0, 1.0 - distances)
    return triangles
