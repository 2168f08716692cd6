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
from digit_tui.insight.answers import NOT_A_DIGIT, Answer, answer_words
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network, evaluate


@dataclass(frozen=True, eq=False)
class Reading:
    """One digit of a picture, and what a network takes it for."""

    part: Part
    image: NDArray[np.uint8]
    """(side, side): as the network saw it."""
    probabilities: NDArray[Any]
    """(classes,) float32, they sum to 1; NaN if the network diverged."""
    answer: Answer | None = None
    """What to say of it; None if the network must name a class."""

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        """The probability of that class."""
        return float(self.probabilities[self.predicted])


def read_digits(
    network: Network,
    ink: NDArray[np.uint8],
    single: bool = False,
    classifier: SelectiveClassifier | None = None,
) -> list[Reading]:
    """What a network takes the digits of a picture for, in reading order; none if it is blank.

    Each is normalised as MNIST's digits were, and resampled for a network of images of another
    side.

    Args:
        network: of square images.
        ink: (h, w) uint8, 0 background to 255 ink; see `read_picture`.
        single: whether it is one digit, in however many parts.
        classifier: of the network, if it may refuse to answer.

    Raises:
        DataError: if there are too many.
    """
    parts = one_digit(ink) if single else find_digits(ink)
    if not parts:
        return []
    side = isqrt(network.sizes[0])
    images = resample_area(np.stack([normalise_digit(part.ink).image for part in parts]), side)
    labels = np.zeros(len(parts), np.uint8)  # unknown: nothing that follows from them is used
    flat = images.reshape(len(parts), -1)
    chances = evaluate(network, flat, labels).probabilities
    answers = [None] * len(parts) if classifier is None else classifier.answers(flat, chances)
    return [Reading(*each) for each in zip(parts, images, chances, answers, strict=True)]


def reading_words(readings: list[Reading]) -> str:
    """For example "7 (99.8%)", or "27 (2 99.1%, 7 or 1)" of several digits.

    What is not a digit is named all the same: "not a digit, most like 7 (61.0%)".
    """
    if not readings:
        return "no digit found"
    if len(readings) == 1:
        return _words(readings[0])
    classes = [str(reading.predicted) for reading in readings]
    text = ("" if max(map(len, classes)) == 1 else " ").join(classes)
    return f"{text} ({', '.join(map(_brief, readings))})"


def _words(reading: Reading) -> str:
    named = f"{reading.predicted} ({reading.confidence:.1%})"
    if reading.answer is None:
        return named
    words = answer_words(reading.answer)
    return words if reading.answer.classes else f"{words}, most like {named}"


def _brief(reading: Reading) -> str:
    """The same of one of several digits, in fewer words."""
    answer = reading.answer
    if answer is None:
        return f"{reading.predicted} {reading.confidence:.1%}"
    if len(answer.classes) == 1:
        return f"{answer.classes[0]} {answer.probabilities[0]:.1%}"
    return " or ".join(map(str, answer.classes)) or f"{reading.predicted} {NOT_A_DIGIT}"
