"""Tango's score interval, against what was published and a search for the likelihood's maximum."""

from __future__ import annotations

from itertools import pairwise
from math import inf, log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from digit_tui.insight.significance import Comparison, tango_score

# The R packages PropCIs 0.3-0 (scoreci.mp) and contingencytables 3.1.0, the data of Cavo et al.
PUBLISHED_INTERVALS = {
    (1_000, 60, 20): (0.0231, 0.0584),
    (161, 6, 16): (-0.1240, -0.0054),
}

TABLES = [
    *((1_000, 0, 13), (1_000, 1, 7), (10_000, 17, 26), (1_000, 0, 0), (44, 0, 1), (60_000, 3, 0)),
    *((1_000, 600, 400), (1_000, 900, 0), (20, 5, 15), (3, 1, 1), (3, 1, 2), (7, 7, 0), (1, 0, 0)),
]


@pytest.mark.parametrize("table", PUBLISHED_INTERVALS, ids=str)
def test_the_interval_is_the_published_one(table: tuple[int, int, int]) -> None:
    assert Comparison(*table).interval == pytest.approx(PUBLISHED_INTERVALS[table], abs=5e-5)


def test_the_score_is_the_published_one() -> None:
    """Tango (1998), section 6.1: 44 pairs, of which the standard alone succeeds in one."""
    assert tango_score(44, 0, 1, -0.1) == pytest.approx(1.709, abs=5e-4)
    # The 90% interval of the same table begins at -0.096.
    assert tango_score(44, 0, 1, -0.0965) > 1.645 > tango_score(44, 0, 1, -0.0955)


def score_by_search(total: int, gained: int, lost: int, difference: float) -> float:
    """The score with the likelihood maximized by SciPy, under the constraint."""

    def cost(only_first: float) -> float:
        shares = only_first + difference, only_first, 1 - 2 * only_first - difference
        both = total - gained - lost
        counted = [pair for pair in zip((gained, lost, both), shares, strict=True) if pair[0]]
        if any(share <= 0 for _, share in counted):
            return inf
        return -sum(count * log(share) for count, share in counted)

    bounds = max(0.0, -difference), (1 - difference) / 2
    found = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-13})
    only_first = min([found.x, *bounds], key=cost)
    variance = total * (2 * only_first + difference - difference**2)
    return (gained - lost - total * difference) / sqrt(variance)


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_the_score_is_that_of_the_largest_likelihood(table: tuple[int, int, int]) -> None:
    for difference in (-0.99, -0.4, -0.03, -0.002, 0.0005, 0.01, 0.3, 0.95):
        expected = score_by_search(*table, difference)
        assert tango_score(*table, difference) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    comparison = Comparison(*table)
    low, high = comparison.interval
    if low > -1:
        assert score_by_search(*table, low) == pytest.approx(1.959964, rel=1e-5)
    if high < 1:
        assert score_by_search(*table, high) == pytest.approx(-1.959964, rel=1e-5)
    assert (low == -1, high == 1) == (table[2] == table[0], table[1] == table[0])


def test_at_the_border_the_score_is_its_limit() -> None:
    for near, there in ((1 - 1e-9, 1.0), (1e-18, 0.0)):
        for table in ((9, 9, 0), (9, 0, 0), (9, 8, 1), (9, 2, 3)):
            score = tango_score(*table, there)
            if there == 1 and table[1] < 9:
                assert score == -inf
                assert tango_score(*table, near) < -1_000
            else:
                assert score == pytest.approx(tango_score(*table, near), abs=1e-4)
            assert tango_score(table[0], table[2], table[1], -there) == -score


@settings(deadline=None)
@given(data=st.data(), total=st.integers(1, 200) | st.integers(9_000, 70_000))
def test_the_score_falls_with_the_difference(data: st.DataObject, total: int) -> None:
    gained = data.draw(st.integers(0, total))
    lost = data.draw(st.integers(0, total - gained))
    at = sorted(data.draw(st.lists(st.floats(-1, 1), min_size=2, max_size=9)))
    scores = [tango_score(total, gained, lost, difference) for difference in at]
    for first, second in pairwise(scores):
        assert second <= first + 1e-6 * max(1, abs(first))
