"""What a network reads in a drawing, and what it sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Normalised, normalise_digit, resample_area
from digit_tui.nn import Network, evaluate

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Reading:
    """A drawing as a network sees it, and how probable each class is."""

    steps: Normalised
    """The drawing after each step of the normalisation, whether the network was given it or not."""
    image: Array
    """(side, side) uint8, what the network was given."""
    probabilities: Array
    """(classes,) float32, their sum is 1; NaN if the network diverged."""

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

    @property
    def rival(self) -> int:
        """The next most probable class."""
        return int(self.probabilities.argsort()[-2])

    @property
    def words(self) -> str:
        """The answer, for example "reads 7 (97.1%)"."""
        if not np.isfinite(self.probabilities).all():
            return "cannot read: it has diverged"
        return f"reads {self.predicted} ({self.probabilities[self.predicted]:.1%})"


def read_drawing(network: Network, ink: Array, normalise: bool = True) -> Reading:
    """Have a network read a drawing.

    Args:
        network: of square images.
        ink: (height, width) uint8, 0 background to 255 ink; square if it is not normalised.
        normalise: whether it is made as MNIST's digits were, or only shrunk.
    """
    side = isqrt(network.sizes[0])
    steps = normalise_digit(ink)
    (image,) = resample_area((steps.image if normalise else ink)[None], side)
    no_label = np.zeros(1, np.uint8)  # it does not matter for probabilities
    evaluation = evaluate(network, image.reshape(1, -1), no_label)
    return Reading(steps, image, evaluation.probabilities[0])
