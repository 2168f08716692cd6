"""Whether a difference in accuracy is real."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import asin, expm1, log, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation

Array = NDArray[Any]

Z95 = 1.959963984540054
"""A normal variable lies within so many standard deviations of its mean 95% of the time."""

CELLS = 400
"""Parts a distribution is divided into: ends are within 1e-4 of the width of their interval."""
RISE = 1e-12
"""How far from 0 and 1 the confidence that lies exactly there is spread."""


@dataclass(frozen=True)
class Comparison:
    """Two networks on the same test digits.

    p < 0.05 if and only if the interval excludes 0: the test is the mid-p version of McNemar's, and
    the interval is melded from the distributions that belong to it.

    Fagerland, Lydersen and Laake (2013), "The McNemar test for binary matched-pairs data: mid-p and
    asymptotic are better than exact conditional"; Fay and Lumbard (2021), "Confidence intervals for
    difference in proportions for matched pairs compatible with exact McNemar's or sign tests", with
    mid-p distributions (`proportion_distribution`) in place of their exact ones. So coverage is
    about 95%, not at least: 90% where two or three digits differ on average, nearly all in one way.
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
        """The melded 95% interval of the difference."""
        low = -upper_end(self.total, self.lost, self.gained)
        return low, upper_end(self.total, self.gained, self.lost)

    @property
    def p_value(self) -> float:
        """McNemar's mid-p test: how probable so large a difference is by chance."""
        return mcnemar_test(self.gained, self.lost)

    @property
    def words(self) -> str:
        """For example "fixed 27, broke 19: may well be chance (p = 0.30)"."""
        counts = f"fixed {self.gained}, broke {self.lost}"
        p = self.p_value
        if not self.gained + self.lost:
            return f"{counts}: no difference"
        shown = p_words(p)
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
    """The p-value of McNemar's mid-p test.

    Where the networks are equally good, each count is binomial with probability 1/2. p is twice the
    probability that such a count exceeds the larger of the two, plus that of equalling it.
    For equal counts this is 1. There Fagerland et al. have 1 less half the probability of these
    counts instead, which is not twice a tail, and does not belong to the interval.
    """
    differ = gained + lost
    if gained == lost:
        return 1.0
    middle = (differ + 1) // 2
    count = np.arange(middle, differ)
    # How probable each count from the middle up is, as a multiple of the first. The others mirror.
    weights = np.cumprod(np.append(1.0, (differ - count) / (count + 1)))
    both_sides = 2 * weights.sum() - (weights[0] if differ % 2 == 0 else 0)
    tail = weights[max(gained, lost) - middle :]
    return float((2 * tail.sum() - tail[0]) / both_sides)


def proportion_distribution(count: int, total: int) -> tuple[Array, Array]:
    """The mid-p confidence distribution of a binomial probability.

    Half of it is Beta(count, total - count + 1) and half Beta(count + 1, total - count), where
    Beta(0, .) is 0 and Beta(., 0) is 1 for certain.

    Args:
        count: successes, from 0 to `total`.
        total: trials, at least 1.

    Returns:
        probabilities: (n,) not decreasing, from just below 0 to just above 1.
        cumulative: (n,) the confidence that it is at most so large, from 0 to 1; between these it
            is as good as linear.
    """
    # The arcsine of the root has a standard deviation of about 1 / (2 sqrt(total)), whatever the
    # count. It begins above 0, so that one may divide by the probability.
    centre, reach = asin(sqrt((count + 0.5) / (total + 1))), 3.5 / sqrt(total)
    angles = np.linspace(max(centre - reach, 1e-9), min(centre + reach, pi / 2), CELLS + 1)
    between = (angles[1:] + angles[:-1]) / 2
    share, rest = np.sin(between) ** 2, np.cos(between) ** 2
    # The sum of both Beta densities has this simple form.
    logarithm = (count - 0.5) * np.log(share) + (total - count - 0.5) * np.log(rest)
    density = np.exp(logarithm - logarithm.max()) * (count * rest + (total - count) * share)
    at_0, at_1 = (count == 0) / 2, (count == total) / 2
    inside = np.append(0, np.cumsum(density))
    inside = inside / inside[-1] * (1 - at_0 - at_1)
    probabilities = np.concatenate([[-RISE], np.sin(angles) ** 2, [1 + RISE]])
    return probabilities, np.concatenate([[0], at_0 + inside, [1]])


@lru_cache(maxsize=64)  # lines that show it are made anew more often than it changes
def upper_end(total: int, gained: int, lost: int) -> float:
    """The upper end of the melded 95% interval: the difference exceeds it with confidence 2.5%.

    The difference is the share of the digits that differ, times (2 gains - 1), where gains is the
    share of these that only the second network has right. The two shares are independent, each
    with its `proportion_distribution`.
    """
    differ = gained + lost
    if not differ:
        # The share is 0 or, as likely, Beta(1, total), with either sign: the difference exceeds
        # x with confidence (1 - x)**total / 4.
        return -expm1(log(0.025 * 4) / total)
    # The first point is below 0, where no share is.
    shares, shares_below = (values[1:] for values in proportion_distribution(differ, total))
    gains, gains_below = proportion_distribution(gained, differ)
    gains = 2 * gains - 1
    low, high = (gained - lost) / total, float(shares[-2])
    # On which side of 0 it is follows from McNemar's test itself, not from rounding.
    if low < 0:
        if mcnemar_test(gained, lost) < 0.05:
            high = 0.0
        else:
            low = 0.0
    for _ in range(30):
        middle = (low + high) / 2
        # The confidence that it is at most `middle`: an integral over the share. Between these
        # shares both distributions are linear.
        corners = middle / gains[gains * middle > 0]
        at = np.sort(np.concatenate([shares, corners]))
        below = np.interp(middle / at, gains, gains_below)
        steps = np.diff(np.interp(at, shares, shares_below))
        if np.dot(below[1:] + below[:-1], steps) / 2 < 0.975:
            low = middle
        else:
            high = middle
    return low


def p_words(p: float) -> str:
    """For example "p = 0.03": with so many digits that its side of 0.01 and 0.05 is seen."""
    if p < 0.001:
        return "p < 0.001"
    for digits in range(2, 17):
        shown = f"{p:.{digits}g}" if p < 0.1 else f"{p:.{digits}f}"
        if all((float(shown) < border) == (p < border) for border in (0.01, 0.05)):
            break
    return f"p = {shown}"


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
