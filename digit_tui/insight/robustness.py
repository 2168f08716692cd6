"""How well networks read digits that were made worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.corruptions import CORRUPTIONS, STRENGTHS, blocks, corrupt_block
from digit_tui.nn import Network, evaluate

Array = NDArray[Any]

NAMES = tuple(each.name for each in CORRUPTIONS)
POINTS = len(CORRUPTIONS) * STRENGTHS
"""Measurements of each network, beside that of the digits as they are."""
MOST = 1_000
"""Digits that are measured where somebody waits, of 28 pixels a side: it takes some seconds."""
LEAST = 100
"""However large the images are."""


class Robustness:
    """The results of one network, as they come in.

    Attributes:
        correct: (corruptions, STRENGTHS + 1) int64, how many digits are read right at strengths 0,
            the digits as they are, to STRENGTHS; -1 where that is not known yet.
        total: the number of digits.
    """

    def __init__(self, total: int) -> None:
        self.correct: Array = np.full((len(CORRUPTIONS), STRENGTHS + 1), -1, np.int64)
        self.total = total

    @property
    def accuracies(self) -> Array:
        """(corruptions, STRENGTHS + 1) float64, as fractions; nan where it is not known yet."""
        return np.where(self.correct < 0, np.nan, self.correct / self.total)

    @property
    def mean_accuracies(self) -> Array:
        """(corruptions,) of strengths 1 to STRENGTHS."""
        means: Array = self.accuracies[:, 1:].mean(axis=1)
        return means

    @property
    def mean_corruption_error(self) -> float:
        """The mean of the error rates over corruptions and strengths, as a fraction.

        The mCE of Hendrycks and Dietterich (2019, arXiv:1903.12261) is relative to AlexNet, which
        reads no digits: see `relative_to`.
        """
        return float(1 - self.mean_accuracies.mean())

    def relative_to(self, other: Robustness) -> float | None:
        """Their mCE with another network in the place of AlexNet; 1 is as robust as that.

        The errors of each corruption, summed over the strengths, are divided by those of the other;
        of these quotients it is the mean. None where the other makes no mistake under one of them.
        """
        own, others = (each.total - each.correct[:, 1:].mean(axis=1) for each in (self, other))
        if not others.all():
            return None
        return float((own / self.total / (others / other.total)).mean())


class Measured(NamedTuple):
    """How networks read the digits under one corruption at one strength."""

    corruption: int
    """Its place in CORRUPTIONS."""
    strength: int
    """From 1; 0 for the digits as they are, under each of the corruptions."""
    correct: tuple[int, ...]
    """How many digits each network reads right."""

    def add_to(self, results: Sequence[Robustness]) -> None:
        """Take it over, each network's own."""
        for correct, result in zip(self.correct, results, strict=True):
            rows = slice(None) if self.strength == 0 else self.corruption
            result.correct[rows, self.strength] = correct


def measure(
    networks: Sequence[Network], images: Array, labels: Array, side: int
) -> Iterator[Measured]:
    """Evaluate networks on the same digits, first as they are, then under each corruption.

    A caller can stop after each of the 1 + POINTS measurements. No more than some thousand
    corrupted digits are in memory at once.

    Args:
        networks: one or more, for images of this side.
        images: (n, side * side) uint8.
        labels: (n,) the true classes.
        side: of the images, in pixels.
    """
    yield Measured(0, 0, tuple(evaluate(each, images, labels).correct for each in networks))
    for place, corruption in enumerate(CORRUPTIONS):
        for strength in range(1, STRENGTHS + 1):
            correct = [0] * len(networks)
            for number, block in enumerate(blocks(len(images), side)):
                corrupted = corrupt_block(images[block], side, corruption, strength, number)
                for which, network in enumerate(networks):
                    correct[which] += evaluate(network, corrupted, labels[block]).correct
            yield Measured(place, strength, tuple(correct))


def choose_digits(labels: Array, side: int) -> Array:
    """Some digits, evenly spread; all of them, where they are few, in the same order.

    What is drawn for a digit depends on its place, so `evaluate --corrupt` has the same results.

    Args:
        labels: (n,) of all.
        side: of the images, in pixels.

    Returns:
        (m,) intp, which digits, rising.
    """
    room = min(MOST, max(blocks(len(labels), side)[0].stop, LEAST), len(labels))
    return np.linspace(0, len(labels) - 1, room).astype(np.intp)
