"""Whether a difference in accuracy is real."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import copysign, erfc, hypot, inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation

Array = NDArray[Any]

Z95 = 1.959963984540054
"""A normal variable lies within so many standard deviations of its mean 95% of the time."""


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same test digits.

    The interval is made of the differences that a score test does not reject, and at difference 0
    that test is McNemar's: p < 0.05 if and only if the interval excludes 0.

    Fagerland, Lydersen and Laake (2013), "The McNemar test for binary matched-pairs data: mid-p and
    asymptotic are better than exact conditional"; Tango (1998), "Equivalence test and confidence
    interval for the difference in proportions for the paired-sample design", has the interval.
    """

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
        """Tango's 95% interval of the difference."""
        low = -upper_end(self.total, self.lost, self.gained)
        return low, upper_end(self.total, self.gained, self.lost)

    @property
    def p_value(self) -> float:
        """McNemar's asymptotic test: how probable so large a difference is by chance."""
        return mcnemar_test(self.gained, self.lost)

    @property
    def words(self) -> str:
        """For example "fixed 27, broke 19: may well be chance (p = 0.30)"."""
        counts = f"fixed {self.gained}, broke {self.lost}"
        p = self.p_value
        if not self.gained + self.lost:
            return f"{counts}: no difference"
        shown = "p < 0.001" if p < 0.001 else f"p = {_shown_p(p)}"
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


def mcnemar_test(gained: int, lost: int) -> float:
    """The p-value of McNemar's asymptotic test, without continuity correction."""
    if gained == lost:
        return 1.0
    return erfc(abs(gained - lost) / sqrt(2 * (gained + lost)))


def tango_score(total: int, gained: int, lost: int, difference: float) -> float:
    """Tango's score statistic (his equations 24 to 26): about standard normal.

    Args:
        total, gained, lost: as in `Comparison`.
        difference: that is taken for the true one, from -1 to 1; the score falls with it.
    """
    if difference < 0:  # the mirror image: so nothing below cancels
        return -tango_score(total, lost, gained, -difference)
    spread = difference * (1 - difference)
    linear = (2 * total - gained + lost) * difference - gained - lost
    # The share of digits that only the first network has right: its maximum likelihood estimate.
    only_first = (hypot(linear, sqrt(8 * total * lost * spread)) - linear) / (4 * total)
    variance = total * (2 * only_first + spread)
    deviation = gained - lost - total * difference
    if variance == 0:  # no digit may differ, or each must: the limit
        return copysign(inf, deviation) if deviation else 0.0
    return deviation / sqrt(variance)


@lru_cache(maxsize=64)  # lines that show it are made anew more often than it changes
def upper_end(total: int, gained: int, lost: int) -> float:
    """The largest difference in accuracy that the score test does not reject (at 5%)."""
    low, high = (gained - lost) / total, 1.0
    # On which side of 0 it is follows from McNemar's test itself, not from rounding.
    if low < 0:
        if mcnemar_test(gained, lost) < 0.05:
            high = 0.0
        else:
            low = 0.0
    while high - low > 1e-15:
        middle = (low + high) / 2
        if tango_score(total, gained, lost, middle) < -Z95:
            high = middle
        else:
            low = middle
    return low


def _shown_p(p: float) -> str:
    """With so many digits that it is seen on which side of 0.01 and 0.05 it is."""
    for digits in range(2, 17):
        shown = f"{p:.{digits}g}" if p < 0.1 else f"{p:.{digits}f}"
        if all((float(shown) < border) == (p < border) for border in (0.01, 0.05)):
            break
    return shown


def gap_words(comparison: Comparison) -> str:
    """For example "+0.31 points (95% interval -0.02 to +0.64)"."""
    ends = [100 * end for end in comparison.interval]
    # An end that is not 0 does not look like it.
    decimals = next((n for n in range(2, 17) if all(round(end, n) for end in ends)), 2)
    difference, low, high = (
        f"{value:+.{decimals}f}" for value in (100 * comparison.difference, *ends)
    )
    return f"{difference} points (95% interval {low} to {high})"


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95% interval of an accuracy, as fractions; from 0 to 1 where nothing was evaluated.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference": unlike
    the normal approximation it is right near 100% too, and never goes beyond.

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
    """The 95% interval of an accuracy in per cent, for example "98.1 to 98.6"."""
    low, high = wilson_interval(correct, total)
    decimals = 1 if high - low >= 0.002 else 2  # else the ends would look the same
    return f"{100 * low:.{decimals}f} to {100 * high:.{decimals}f}"


def interval_words(correct: int, total: int) -> str:
    """For example "98.36% (95% interval 98.1 to 98.6)"."""
    if total == 0:
        return "no digits"
    return f"{100 * correct / total:.2f}% (95% interval {ends_words(correct, total)})"
