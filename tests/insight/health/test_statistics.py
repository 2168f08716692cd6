"""Trends and shares, against SciPy and against chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, kendalltau, norm

from digit_tui.insight.health.statistics import mann_kendall, one_sided_p, proportion_z


@given(st.lists(st.integers(0, 6), min_size=3, max_size=40))
def test_the_trend_is_kendalls(values: list[int]) -> None:
    """Without the correction for continuity, which SciPy's asymptotic p does not have."""
    z = mann_kendall(values)
    if len(set(values)) == 1:
        assert z == 0
        return
    n = len(values)
    total = sum(np.sign(values[j] - values[i]) for i in range(n) for j in range(i + 1, n))
    expected = kendalltau(range(n), values, method="asymptotic").pvalue
    if total:
        without = z * total / (total - np.sign(total)) if abs(total) > 1 else None
        if without is not None:
            assert 2 * norm.sf(abs(without)) == pytest.approx(expected, rel=1e-6)
        assert z * total >= 0
    else:
        assert z == 0


def test_series_without_a_trend_seldom_have_one() -> None:
    generator = np.random.default_rng(0)
    p = [one_sided_p(mann_kendall(generator.normal(size=15))) for _ in range(2_000)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_a_trend_is_seen_through_noise() -> None:
    generator = np.random.default_rng(0)
    series = np.linspace(0, 4, 15) + generator.normal(size=15)
    assert one_sided_p(mann_kendall(series)) < 0.05
    assert one_sided_p(-mann_kendall(series)) > 0.95


def test_what_diverged_has_no_trend() -> None:
    assert mann_kendall([float("nan")] * 10) == 0
    assert mann_kendall([1.0, float("nan"), 2.0, 3.0]) > 0


@given(st.integers(1, 99), st.integers(1, 199))
def test_shares_are_compared_as_in_a_table(first: int, second: int) -> None:
    z = proportion_z(first / 100, 100, second / 200, 200)
    counts = [[first, 100 - first], [second, 200 - second]]
    assert z**2 == pytest.approx(chi2_contingency(counts, correction=False).statistic, abs=1e-9)
    assert z * (second / 200 - first / 100) >= 0


def test_shares_of_nothing() -> None:
    assert proportion_z(0.0, 0, 1.0, 10) == 0
    assert proportion_z(1.0, 10, 1.0, 10) == 0
