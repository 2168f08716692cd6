"""Whether a difference in accuracy is real."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, log1p, nextafter, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation

Array = NDArray[Any]

Z95 = 1.959963984540054
"""A normal variable lies within so many standard deviations of its mean 95% of the time."""
TAIL = 0.025
"""What a 95% interval leaves out at each end."""


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same test digits.

    Test and interval condition on how many digits only one of them has right, and count half of the
    probability of what was observed (mid-p). The interval is made of the shares that the test does
    not reject, so p < 0.05 if and only if it excludes 0.

    Fagerland, Lydersen and Laake (2013), "The McNemar test for binary matched-pairs data: mid-p and
    asymptotic are better than exact conditional"; Newcombe (1998), "Improved confidence intervals
    for the difference between binomial proportions based on paired data", has the interval, and
    finds it short where few digits differ.
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
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of the difference; None if no digit tells the networks apart."""
        differing = self.gained + self.lost
        if not differing:
            return None
        high = 2 * largest_share(self.gained, differing) - 1
        low = 1 - 2 * largest_share(self.lost, differing)
        return low * differing / self.total, high * differing / self.total

    @property
    def p_value(self) -> float:
        """McNemar's test with mid-p: how probable so large a difference is by chance.

        Fagerland et al. have 1 - P / 2 where as many were gained as lost; here it is 1.
        """
        differing = self.gained + self.lost
        return min(1.0, 2 * mid_p(min(self.gained, self.lost), differing, 0.5))

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


def mid_p(successes: int, total: int, share: float) -> float:
    """Probability of fewer successes in `total` trials, and half that of just as many.

    Args:
        successes: at most their mean, `total * share`; the sum is then short.
        total: trials.
        share: the probability of a success, above 0 and below 1.
    """
    logarithm = lgamma(total + 1) - lgamma(successes + 1) - lgamma(total - successes + 1)
    logarithm += successes * log(share) + (total - successes) * log1p(-share)
    against = (1 - share) / share
    term, terms = 1.0, 0.5
    for count in range(successes, 0, -1):
        term *= count / (total - count + 1) * against
        terms += term
        if term < 1e-17 * terms:
            break
    return exp(logarithm) * terms


@lru_cache(maxsize=64)  # lines that show it are made anew more often than it changes
def largest_share(successes: int, total: int) -> float:
    """The largest share of successes for which so few are not improbable (mid-p, 2.5%).

    Args:
        successes: of `total` trials.
        total: trials, at least one.
    """
    if successes == total:
        return 1.0
    low, high = successes / total, 1.0
    # On which side of one half it is follows from the test itself, not from rounding.
    below_half = 2 * successes < total and mid_p(successes, total, 0.5) < TAIL
    if below_half:
        high = 0.5
    elif 2 * successes < total:
        low = 0.5
    while high - low > 1e-12:
        middle = (low + high) / 2
        if mid_p(successes, total, middle) < TAIL:
            high = middle
        else:
            low = middle
    return min(low, nextafter(0.5, 0)) if below_half else low


def _shown_p(p: float) -> str:
    """With so many digits that it is seen on which side of 0.01 and 0.05 it is."""
    for digits in range(2, 17):
        shown = f"{p:.{digits}g}" if p < 0.1 else f"{p:.{digits}f}"
        if all((float(shown) < border) == (p < border) for border in (0.01, 0.05)):
            break
    return shown


def gap_words(comparison: Comparison) -> str:
    """For example "+0.31 points (95% interval -0.02 to +0.64)"."""
    words = f"{100 * comparison.difference:+.2f} points"
    interval = comparison.interval
    if interval is None:
        return words
    ends = [100 * end for end in interval]
    # An end that is not 0 does not look like it.
    decimals = next((n for n in range(2, 9) if all(round(end, n) for end in ends)), 2)
    low, high = (f"{end:+.{decimals}f}" for end in ends)
    return f"{words} (95% interval {low} to {high})"


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
