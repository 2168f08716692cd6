"""The melded interval, against integrals of SciPy's distributions and random draws of NumPy's."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import beta
from support.rarely import endurance

from digit_tui.insight.significance import Comparison, proportion_distribution

TABLES = [  # digits; that only the second network has right; that only the first has
    *((1_000, 0, 13), (1_000, 4, 0), (1_000, 1, 7), (10_000, 17, 26), (44, 0, 1), (60_000, 3, 0)),
    *((1_000, 600, 400), (1_000, 500, 0), (20, 5, 15), (3, 1, 1), (3, 1, 2), (7, 7, 0), (1, 1, 0)),
    *((2, 1, 0), (10, 9, 0), (70_000, 300, 200), (70_000, 35_000, 34_000), (70_000, 69_999, 1)),
    *((70_000, 30_000, 0), (70_000, 1, 0), (70_000, 0, 70_000)),
]

EDGES = [
    *((1, 0, 0), (1, 0, 1), (2, 1, 1), (2, 0, 0), (9, 9, 0), (9, 8, 1), (9, 8, 0), (70_000, 0, 0)),
]


def betas(count: int, total: int) -> list[tuple[int, int]]:
    """The parameters of both halves of a confidence distribution."""
    return [(count, total - count + 1), (count + 1, total - count)]


def at_most(value: NDArray[np.float64], parameters: tuple[int, int]) -> NDArray[np.float64]:
    """The confidence that a proportion is at most this, by SciPy; zero parameters mean a point."""
    if 0 in parameters:
        return (value >= (0 if parameters[0] == 0 else 1)).astype(float)
    return np.asarray(beta.cdf(value, *parameters))


def confidence_below(table: tuple[int, int, int], difference: float) -> float:
    """That the difference is at most this one: an integral over what both factors may be."""
    total, gained, lost = table
    differ = gained + lost
    halves = []
    levels = (np.arange(5_000) + 0.5) / 5_000
    for share in betas(differ, total):
        for gains in betas(gained, differ):
            if 0 in gains:  # the difference is the share, with or without a minus
                limit = np.array(abs(difference))
                if gains[0] == 0:
                    halves.append(1 - at_most(limit, share) if difference < 0 else 1)
                else:
                    halves.append(at_most(limit, share) if difference >= 0 else 0)
                continue
            shares = beta.ppf(levels, *share) if share[1] else np.array([1.0])
            halves.append(at_most((1 + difference / shares) / 2, gains).mean())
    return float(np.mean(halves))


@pytest.mark.parametrize("table", [*TABLES[:6], *endurance(*TABLES[6:])], ids=str)
def test_the_ends_are_the_central_quantiles(table: tuple[int, int, int]) -> None:
    comparison = Comparison(*table)
    low, high = comparison.interval
    width = high - low
    near = 2e-4 * width  # a ten-thousandth, and what the integral itself is off
    if low > -1:
        assert confidence_below(table, low - near) < 0.025 < confidence_below(table, low + near)
    if high < 1:
        assert confidence_below(table, high - near) < 0.975 < confidence_below(table, high + near)
    # The test is the same distribution's.
    below = confidence_below(table, 0)
    assert comparison.p_value == pytest.approx(2 * min(below, 1 - below), abs=1e-9)


@pytest.mark.parametrize(
    "table", [*TABLES[:4], *EDGES[:4], *endurance(*TABLES[4:], *EDGES[4:])], ids=str
)
def test_the_ends_are_those_of_random_draws(table: tuple[int, int, int]) -> None:
    total, gained, lost = table
    generator, draws = np.random.default_rng(1), 400_000

    def drawn(count: int, trials: int) -> NDArray[np.float64]:
        if trials == 0:
            return generator.integers(0, 2, draws).astype(float)
        either = [
            generator.beta(*pair, draws) if all(pair) else np.full(draws, float(pair[1] == 0))
            for pair in betas(count, trials)
        ]
        return np.where(generator.random(draws) < 0.5, *either)

    differences = drawn(gained + lost, total) * (2 * drawn(gained, gained + lost) - 1)
    low, high = Comparison(*table).interval
    expected = np.quantile(differences, [0.025, 0.975])
    assert [low, high] == pytest.approx(expected, abs=0.006 * (high - low))


@settings(deadline=None)
@given(total=st.integers(1, 70_000), data=st.data())
def test_a_distribution_is_that_of_scipy(total: int, data: st.DataObject) -> None:
    count = data.draw(st.sampled_from([0, 1, total - 1, total]) | st.integers(0, total))
    values, found = proportion_distribution(count, total)
    assert (np.diff(values) >= 0).all()
    assert (np.diff(found) >= 0).all()
    expected = np.mean([at_most(values, pair) for pair in betas(count, total)], axis=0)
    inside = (values > 1e-12) & (values < 1)  # where no single point has confidence
    assert found[inside] == pytest.approx(expected[inside], abs=4e-5)


@pytest.mark.parametrize("table", [*TABLES, *EDGES], ids=str)
def test_numbers_at_the_edge_are_computed_without_a_warning(table: tuple[int, int, int]) -> None:
    with np.errstate(all="raise", under="ignore"):
        low, high = Comparison(*table).interval
    assert -1 <= low < high <= 1


def test_where_no_digit_differs_more_digits_say_more() -> None:
    intervals = [Comparison(total, 0, 0).interval for total in (1, 2, 10, 1_000, 70_000)]
    assert intervals[0] == pytest.approx((-0.9, 0.9))  # by hand: (1 - 0.9) / 4 is 2.5%
    for low, high in intervals:
        assert low == -high
    for (_, fewer), (_, more) in pairwise(intervals):
        assert 0 < more < fewer


@pytest.mark.parametrize("total", [6, 12, 1_000])
def test_one_more_gain_raises_both_ends(total: int) -> None:
    for differ in (6, min(total, 40)):
        ladder = [(gained, differ - gained) for gained in range(differ + 1)]
        intervals = [Comparison(total, *counts).interval for counts in ladder]
        for (low, high), (next_low, next_high) in pairwise(intervals):
            assert low < next_low
            assert high < next_high or high == 1
