"""Whether a series has a trend, and whether two shares differ."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, sqrt

import numpy as np


def mann_kendall(values: Sequence[float]) -> float:
    """How far a series rises, in standard deviations of what series without a trend do.

    Mann (1945), "Nonparametric tests against trend", Econometrica 13; Kendall (1975), "Rank
    correlation methods", with the correction for ties. Losses of neighbouring epochs are alike,
    which the test does not know: it is sure too soon, so the rules ask for a size as well.

    Args:
        values: in the order of time; those that are NaN are neither higher nor lower.

    Returns:
        z: above 0 if it rises, below 0 if it falls; 0 for fewer than three values.
    """
    series = np.asarray(values, float)
    n = len(series)
    if n < 3:
        return 0.0
    rows, columns = np.triu_indices(n, 1)
    with np.errstate(invalid="ignore"):
        total = float(np.nansum(np.sign(series[columns] - series[rows])))
    ties = np.unique(series[~np.isnan(series)], return_counts=True)[1].astype(float)
    variance = n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())
    if variance <= 0 or not total:
        return 0.0
    return float(total - np.sign(total)) / sqrt(variance / 18)


def one_sided_p(z: float) -> float:
    """The probability that a standard normal variable is above `z`."""
    return erfc(z / sqrt(2)) / 2


def proportion_z(first: float, first_total: int, second: float, second_total: int) -> float:
    """How far the second of two shares is above the first, in standard deviations.

    The pooled test of two independent proportions; 0 where it cannot be computed.
    """
    if not first_total or not second_total:
        return 0.0
    pooled = (first * first_total + second * second_total) / (first_total + second_total)
    variance = pooled * (1 - pooled) * (1 / first_total + 1 / second_total)
    return (second - first) / sqrt(variance) if variance > 0 else 0.0
