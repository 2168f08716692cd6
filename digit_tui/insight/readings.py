"""What a network takes the digits of a picture for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.normalise import normalise_digit
from digit_tui.data.resample import resample_area
from digit_tui.data.segmentation import Part, find_digits, one_digit
from digit_tui.insight.answers import NOT_A_DIGIT, Answer
from digit_tui.insight.reading import Reading, look_at
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network

Look = Callable[[NDArray[np.uint8]], tuple[NDArray[Any], list[Answer | None]]]
"""Takes images (n, side, side); returns their probabilities (n, classes), and what to say of each.
"""


@dataclass(frozen=True, eq=False, kw_only=True)
class PartReading(Reading):
    """One digit of a picture, and what a network takes it for."""

    part: Part


def read_digits(
    network: Network,
    ink: NDArray[np.uint8],
    single: bool = False,
    classifier: SelectiveClassifier | None = None,
) -> list[PartReading]:
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
    look = partial(look_at, network, classifier=classifier)
    return read_parts(look, isqrt(network.sizes[0]), ink, single)


def read_parts(
    look: Look, side: int, ink: NDArray[np.uint8], single: bool = False
) -> list[PartReading]:
    """The same for whatever looks at the digits, such as a committee of networks.

    Args:
        look: at images of the side.
        side: of these, in pixels.
        ink: see `read_digits`.
        single: likewise.

    Raises:
        DataError: if there are too many digits.
    """
    parts = one_digit(ink) if single else find_digits(ink)
    if not parts:
        return []
    images = resample_area(np.stack([normalise_digit(part.ink).image for part in parts]), side)
    chances, answers = look(images)
    return [
        PartReading(image=image, probabilities=each, answer=answer, part=part)
        for image, each, answer, part in zip(images, chances, answers, parts, strict=True)
    ]


def reading_words(readings: Sequence[Reading]) -> str:
    """For example "7 (99.8%)", or "27? (2 99.1%, 7 or 1, 8 not a digit)" of several digits.

    What is not a digit is named all the same, but not as one: "not a digit, most like 7 (61.0%)".
    """
    if not readings:
        return "no digit found"
    if len(readings) == 1:
        return readings[0].words
    classes = ["?" if reading.is_refused else str(reading.predicted) for reading in readings]
    text = ("" if max(map(len, classes)) == 1 else " ").join(classes)
    return f"{text} ({', '.join(map(_brief, readings))})"


def _brief(reading: Reading) -> str:
    """Of one of several digits."""
    answer = reading.answer
    if answer is None:
        return f"{reading.predicted} {reading.confidence:.1%}"
    if len(answer.classes) == 1:
        return f"{answer.classes[0]} {answer.probabilities[0]:.1%}"
    return f"{reading.predicted} {NOT_A_DIGIT}" if reading.is_refused else reading.brief_words
