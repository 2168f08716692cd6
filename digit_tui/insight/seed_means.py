"""Whether a difference between two settings is real, where each was trained with several seeds."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.significance import Z95, Comparison, gap_words

Array = NDArray[Any]


@dataclass(frozen=True)
class MeanDifference:
    """Two settings on the same n digits, each the mean over its seeds."""

    difference: float
    """Mean accuracy of the second less that of the first, as a fraction."""
    interval: tuple[float, float]
    """95%: over the digits, and, with several seeds, over these."""
    p_value: float
    """How probable so large a difference is by chance, if both were equally good."""
    words: str
    """What is to be thought of it."""

    @property
    def is_noise(self) -> bool:
        """Whether it may well be chance."""
        return self.p_value >= 0.05


def mean_difference(first: Array, second: Array) -> MeanDifference:
    """Compare two settings on the same digits.

    With one seed each by McNemar's mid-p test, see `Comparison`. Else by a normal interval whose
    variance is the sum of two: that of the mean, over the digits, of the differences of each
    digit's share of seeds that have it right; and that of the means over the seeds, by which
    trainings differ (Bouthillier et al. 2021, "Accounting for variance in machine learning
    benchmarks"). With few seeds the second is a rough estimate.

    Args:
        first: (seeds, n) bool, whether a network has a digit right.
        second: (seeds, n) bool, the same digits.

    Raises:
        ValueError: if they are not equally many digits.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"{first.shape[1]} and {second.shape[1]} digits")
    if len(first) == len(second) == 1:
        gained = int(np.count_nonzero(second[0] & ~first[0]))
        lost = int(np.count_nonzero(first[0] & ~second[0]))
        compared = Comparison(first.shape[1], gained, lost)
        words = f"{gap_words(compared)}; {compared.words}"
        return MeanDifference(compared.difference, compared.interval, compared.p_value, words)
    differences = second.mean(axis=0) - first.mean(axis=0)
    mean = float(differences.mean())
    shares = (first.mean(axis=1), second.mean(axis=1))
    error = sqrt(_mean_variance(differences) + sum(map(_mean_variance, shares)))
    interval = (mean - Z95 * error, mean + Z95 * error)
    p_value = erfc(abs(mean) / error / sqrt(2)) if error else float(mean == 0.0)
    low, high = (100 * end for end in interval)
    words = f"{100 * mean:+.2f} points (95% interval {low:+.2f} to {high:+.2f}); " + (
        f"may well be chance (p = {p_value:.2f})"
        if p_value >= 0.05
        else "hardly chance of the digits or the seeds"
    )
    return MeanDifference(mean, interval, p_value, words)


def _mean_variance(values: Array) -> float:
    """Variance of the mean of some values; 0 for one, of which it cannot be told."""
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0
