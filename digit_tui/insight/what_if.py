"""How the prediction changes when a digit is written a little differently."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.resampling import resample, rotation_grid
from digit_tui.nn import Network, evaluate

Array = NDArray[Any]

DEGREES = 10
"""How far a digit is rotated."""


class Variant(NamedTuple):
    name: str
    """What was done, for example "moved 1 px left"."""
    image: Array
    """(pixels,) uint8"""


class Answer(NamedTuple):
    """What a network predicts for a variant."""

    name: str
    """What was done to the digit."""
    prediction: int
    """The most probable class."""
    confidence: float
    """Its probability."""


def variants(image: Array, side: int) -> list[Variant]:
    """An image (side * side,) uint8 as it is, shifted, rotated, with thicker and thinner strokes.

    Outside the image is background. Thicker and thinner are grey dilation and erosion by one pixel
    upwards, downwards and to both sides (Serra 1982, "Image Analysis and Mathematical Morphology").
    """
    square = image.reshape(side, side)
    padded = np.pad(square, 1)

    def turned(degrees: float) -> Array:
        variant: Array = resample(square[None], rotation_grid(side, degrees))[0]
        return variant

    inside = slice(1, side + 1)
    moved = {
        "as it is": padded[inside, inside],
        "moved 1 px left": padded[inside, 2:],
        "moved 1 px right": padded[inside, :-2],
        "moved 1 px up": padded[2:, inside],
        "moved 1 px down": padded[:-2, inside],
    }
    plus: Array = np.stack(list(moved.values()))
    images = {
        **moved,
        f"turned {DEGREES}° left": turned(DEGREES),
        f"turned {DEGREES}° right": turned(-DEGREES),
        "thicker": plus.max(axis=0),
        "thinner": plus.min(axis=0),
    }
    return [Variant(name, variant.reshape(-1)) for name, variant in images.items()]


def what_if(network: Network, image: Array, side: int) -> list[Answer]:
    """Classify all variants of an image (side * side,) uint8; first the image as it is."""
    asked = variants(image, side)
    images = np.stack([variant.image for variant in asked])
    evaluation = evaluate(network, images, np.zeros(len(images), np.uint8))  # labels do not matter
    return [
        Answer(variant.name, int(prediction), float(row[prediction]))
        for variant, prediction, row in zip(
            asked, evaluation.predictions, evaluation.probabilities, strict=True
        )
    ]
