"""What a network takes the digits of a picture for."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.normalise import normalise_digit
from digit_tui.data.resample import resample_area
from digit_tui.data.segmentation import Part, find_digits, one_digit
from digit_tui.nn import Network, evaluate


@dataclass(frozen=True, eq=False)
class Reading:
    """One digit of a picture, and what a network takes it for."""

    part: Part
    image: NDArray[np.uint8]
    """(side, side): as the network saw it."""
    probabilities: NDArray[Any]
    """(classes,) float32, they sum to 1; NaN if the network diverged."""

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        """The probability of that class."""
        return float(self.probabilities[self.predicted])


def read_digits(network: Network, ink: NDArray[np.uint8], single: bool = False) -> list[Reading]:
    """What a network takes the digits of a picture for, in reading order; none if it is blank.

    Each is normalised as MNIST's digits were, and resampled for a network of images of another
    side.

    Args:
        network: of square images.
        ink: (h, w) uint8, 0 background to 255 ink; see `read_picture`.
        single: whether it is one digit, in however many parts.

    Raises:
        DataError: if there are too many.
    """
    parts = one_digit(ink) if single else find_digits(ink)
    if not parts:
        return []
    side = isqrt(network.sizes[0])
    images = resample_area(np.stack([normalise_digit(part.ink).image for part in parts]), side)
    labels = np.zeros(len(parts), np.uint8)  # unknown: nothing that follows from them is used
    found = evaluate(network, images.reshape(len(parts), -1), labels)
    return [Reading(*each) for each in zip(parts, images, found.probabilities, strict=True)]


def reading_words(readings: list[Reading]) -> str:
    """For example "7 (99.8%)", or "27 (2 99.1%, 7 88.0%)" of several digits."""
    if not readings:
        return "no digit found"
    classes = [str(reading.predicted) for reading in readings]
    text = ("" if max(map(len, classes)) == 1 else " ").join(classes)
    if len(readings) == 1:
        return f"{text} ({readings[0].confidence:.1%})"
    sure = (f"{name} {each.confidence:.1%}" for name, each in zip(classes, readings, strict=True))
    return f"{text} ({', '.join(sure)})"
