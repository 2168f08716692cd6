"""Whether a difference in accuracy is real."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation

Array = NDArray[Any]

Z95 = 1.959963984540054
"""A normal variable lies within so many standard deviations of its mean 95 % of the time."""


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same test digits."""

    total: int
    """Test digits."""
    gained: int
    """That only the second network has right."""
    lost: int
    """That only the first has right."""

    @property
    def difference(self) -> float:
        """Accuracy of the second less that of the first, as a fraction."""
        return (self.gained - self.lost) / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference: paired, Wald's with one digit added to each side.

        Bonett and Price (2012), "Adjusted Wald confidence interval for a difference of binomial
        proportions based on paired data". Unlike Wald's own it covers what it should where few
        digits differ.
        """
        total = self.total + 2
        gained, lost = (self.gained + 1) / total, (self.lost + 1) / total
        half = Z95 * sqrt((gained + lost - (gained - lost) ** 2) / total)
        return max(gained - lost - half, -1.0), min(gained - lost + half, 1.0)

    @property
    def p_value(self) -> float:
        """McNemar's exact test: how probable so large a difference is by chance (1947)."""
        return sign_test(min(self.gained, self.lost), self.gained + self.lost)

    @property
    def words(self) -> str:
        """For example "fixed 27, broke 19: may well be chance (p = 0.30)"."""
        counts = f"fixed {self.gained}, broke {self.lost}"
        p = self.p_value
        if not self.gained + self.lost:
            return f"{counts}: no difference"
        shown = "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"
        if p < 0.01:
            return f"{counts}: hardly chance ({shown})"
        if p < 0.05:
            return f"{counts}: probably real ({shown})"
        return f"{counts}: may well be chance ({shown})"


def compare(first: Evaluation, second: Evaluation) -> Comparison:
    """Compare two evaluations of the same test digits.

    Raises:
        ValueError: if the digits are not the same.
    """
    if not np.array_equal(first.labels, second.labels):
        raise ValueError("the test digits are not the same")
    return compare_predictions(first.labels, first.predictions, second.predictions)


def compare_predictions(labels: Array, first: Array, second: Array) -> Comparison:
    """Compare two predictions for the same digits.

    Args:
        labels: (n,) the true classes.
        first: (n,) what the first network took them for.
        second: (n,) what the second did.

    Raises:
        ValueError: if they are not equally many.
    """
    if not len(labels) == len(first) == len(second):
        raise ValueError(f"{len(labels)}, {len(first)} and {len(second)} digits")
    one, other = first == labels, second == labels
    return Comparison(
        len(one), int(np.count_nonzero(other & ~one)), int(np.count_nonzero(one & ~other))
    )


def sign_test(less: int, total: int) -> float:
    """Two-sided probability of at most `less` heads, or tails, in `total` throws of a coin."""
    if total > 100_000:  # the sum would take long, and the normal distribution is the same
        return min(1.0, erfc((total / 2 - less - 0.5) / sqrt(total / 4) / sqrt(2)))
    tail = sum(
        exp(lgamma(total + 1) - lgamma(each + 1) - lgamma(total - each + 1) - total * log(2))
        for each in range(less + 1)
    )
    return min(1.0, 2 * tail)


def gap_words(comparison: Comparison) -> str:
    """For example "+0.31 points (95 % interval -0.02 to +0.64)"."""
    low, high = (100 * end for end in comparison.interval)
    return f"{100 * comparison.difference:+.2f} points (95 % interval {low:+.2f} to {high:+.2f})"


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy, as fractions; from 0 to 1 where nothing was evaluated.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference": unlike
    the normal approximation it is right near 100 % too, and never goes beyond.

    Raises:
        ValueError: unless 0 <= correct <= total.
    """
    if not 0 <= correct <= total:
        raise ValueError(f"{correct} correct of {total}")
    if total == 0:
        return 0.0, 1.0
    share, z2 = correct / total, Z95**2 / total
    centre = (share + z2 / 2) / (1 + z2)
    half = sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    # At the ends rounding would leave a speck.
    return centre - half if correct else 0.0, centre + half if correct < total else 1.0


def ends_words(correct: int, total: int) -> str:
    """The 95 % interval of an accuracy in per cent, for example "98.1 to 98.6"."""
    low, high = wilson_interval(correct, total)
    decimals = 1 if high - low >= 0.002 else 2  # else the ends would look the same
    return f"{100 * low:.{decimals}f} to {100 * high:.{decimals}f}"


def interval_words(correct: int, total: int) -> str:
    """For example "98.36 % (95 % interval 98.1 to 98.6)"."""
    if total == 0:
        return "no digits"
    return f"{100 * correct / total:.2f} % (95 % interval {ends_words(correct, total)})"
