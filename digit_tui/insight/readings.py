"""What a network takes the digits of a picture for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
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
CROP = "if the paper does not fill the picture, crop it to the paper"


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


def picture_words(ink: NDArray[np.uint8], readings: Sequence[PartReading]) -> str:
    """`reading_words`, and what to do if a table around the paper may have been taken for ink.

    Args:
        ink: (h, w) uint8, of the picture.
        readings: of its digits.
    """
    words = reading_words(readings)
    if len(readings) == 1:
        _, _, width, height = readings[0].part.box
        large = height >= 0.9 * ink.shape[0] and width >= 0.9 * ink.shape[1]
        doubtful = readings[0].is_refused and large
    else:
        doubtful = not readings and bool(ink.any())
    return f"{words}: {CROP}" if doubtful else words


def reading_words(readings: Sequence[PartReading]) -> str:
    """For example "7 (99.8%)", or "27? (2 99.1%, 7 or 1, ? not a digit)" of several digits.

    Rows are divided by a stroke: "27 / 30 (...)". What is not a digit is named if it is alone, but
    not as one: "not a digit, most like 7 (61.0%)".
    """
    if not readings:
        return "no digit found"
    if len(readings) == 1:
        return readings[0].words
    rows = [[*row] for _, row in groupby(readings, lambda reading: reading.part.row)]
    classes = [["?" if each.is_refused else str(each.predicted) for each in row] for row in rows]
    short = max(len(name) for row in classes for name in row) == 1
    text = " / ".join(("" if short else " ").join(row) for row in classes)
    return f"{text} ({' / '.join(', '.join(map(_brief, row)) for row in rows)})"


def _brief(reading: Reading) -> str:
    """Of one of several digits."""
    answer = reading.answer
    if answer is None:
        return f"{reading.predicted} {reading.confidence:.1%}"
    if len(answer.classes) == 1:
        return f"{answer.classes[0]} {answer.probabilities[0]:.1%}"
    return f"? {NOT_A_DIGIT}" if reading.is_refused else reading.brief_words
