"""Whether a difference in accuracy is real, against SciPy and statsmodels."""

from __future__ import annotations

import re
from math import erfc, nextafter, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from digit_tui.insight import significance
from digit_tui.insight.significance import (
    Comparison,
    compare,
    compare_predictions,
    ends_words,
    gap_words,
    interval_words,
    sign_test,
    wilson_interval,
)
from digit_tui.nn import Evaluation

# scipy 1.17.1: binomtest(min(gained, lost), gained + lost, 0.5).pvalue; statsmodels 0.15.0 gives
# the same with contingency_tables.mcnemar([[0, gained], [lost, 0]], exact=True).pvalue.
P_VALUES = {
    (0, 0): 1.0,
    (1, 0): 1.0,
    (3, 0): 0.25,
    (5, 5): 1.0,
    (6, 1): 0.125,
    (27, 19): 0.3019956131896606,
    (19, 27): 0.3019956131896606,
    (40, 22): 0.030015864349067285,
    (10, 30): 0.0022214337732293643,
    (100, 60): 0.001953728034064355,
    (300, 250): 0.036578745549102676,
    (1_234, 1_100): 0.005894093085247736,
    (0, 60): 1.734723475976807e-18,
    (2_000, 1_700): 8.738822275817724e-07,
    (49_000, 50_000): 0.0014980826229750034,
}
LARGE_P_VALUES = {
    (50_000, 50_001): 1.0,
    (60_000, 59_000): 0.0037798696347767836,
    (100_100, 100_100): 1.0,
    (150, 90_000): 0.0,
    (150, 100_000): 0.0,
}

# statsmodels 0.15.0: weightstats.zconfint(d, ddof=0), where d has a 1 for each digit that was
# gained, a -1 for each that was lost, and zeros, and one more of each of the first two, as Bonett
# and Price (2012) would have it. The last is the airway data of Fagerland et al. (2014).
INTERVALS = {
    (1_000, 27, 19): (-0.005558873437869816, 0.021526937310125303),
    (1_000, 19, 27): (-0.021526937310125303, 0.005558873437869816),
    (10_000, 40, 22): (0.00023237920009649602, 0.00336690094387471),
    (10_000, 0, 0): (-0.00027712533980197516, 0.00027712533980197516),
    (60, 3, 0): (-0.021266541237968048, 0.11804073478635514),
    (100, 50, 50): (-0.1940653523615107, 0.1940653523615107),
    (10, 10, 0): (0.5205795584958713, 1.0),  # cut off from 1.146
    (10_000, 1_234, 1_100): (0.003929920768221233, 0.02286472030356441),
    (21, 1, 7): (-0.5083593066664394, -0.013379823768343235),
}


@pytest.mark.parametrize("counts", P_VALUES, ids=str)
def test_the_p_value_is_that_of_scipy(counts: tuple[int, int]) -> None:
    assert Comparison(1_000_000, *counts).p_value == pytest.approx(P_VALUES[counts], rel=1e-8)


@pytest.mark.parametrize("counts", LARGE_P_VALUES, ids=str)
def test_the_p_value_of_very_many_differences(counts: tuple[int, int]) -> None:
    p_value = Comparison(1_000_000, *counts).p_value
    assert p_value == pytest.approx(LARGE_P_VALUES[counts], rel=1e-3, abs=1e-12)
    assert p_value <= 1


@pytest.mark.parametrize("counts", INTERVALS, ids=str)
def test_the_interval_is_that_of_statsmodels(counts: tuple[int, int, int]) -> None:
    comparison = Comparison(*counts)
    assert comparison.interval == pytest.approx(INTERVALS[counts], abs=1e-12)
    total, gained, lost = counts
    assert comparison.difference == (gained - lost) / total


def test_the_quantile_is_that_of_the_normal_distribution() -> None:
    assert erfc(significance.Z95 / sqrt(2)) == pytest.approx(0.05, rel=1e-14)


counts = st.integers(0, 400) | st.integers(0, 200_000)


@settings(deadline=None)
@given(gained=counts, lost=counts)
def test_p_values_are_probabilities_and_symmetric(gained: int, lost: int) -> None:
    first, second = Comparison(500_000, gained, lost), Comparison(500_000, lost, gained)
    assert 0 <= first.p_value <= 1
    assert first.p_value == second.p_value
    low, high = first.interval
    assert second.interval == (-high, -low)
    assert -1 <= low <= first.difference <= high <= 1


@settings(deadline=None)
@given(total=st.integers(1, 400) | st.integers(99_900, 100_100), data=st.data())
def test_a_larger_difference_is_less_probable(total: int, data: st.DataObject) -> None:
    less = data.draw(st.integers(0, total // 2))
    assert sign_test(less, total) <= nextafter(sign_test(min(less + 1, total // 2), total), 2)


@pytest.mark.parametrize("total", range(0, 40))
def test_an_even_outcome_is_no_evidence(total: int) -> None:
    assert sign_test(total // 2, total) == pytest.approx(1, abs=1e-12)
    assert sign_test(total // 2, total) <= 1


@pytest.mark.parametrize("total", [100_002, 100_003, 150_000, 400_000])
def test_an_even_outcome_of_very_many_is_no_evidence_either(total: int) -> None:
    assert sign_test(total // 2, total) == pytest.approx(1, abs=1e-12)
    assert sign_test(total // 2, total) <= 1


@pytest.mark.parametrize("total", [99_998, 99_999, 100_000])
def test_for_many_the_normal_distribution_is_the_same(total: int) -> None:
    """With the correction for continuity; so it does not matter which of them is used."""
    for deviations in (0.3, 1, 2, 3, 4, 5):
        precision = 1e-4 if deviations <= 3 else 1e-3
        less = round(total / 2 - deviations * sqrt(total) / 2)
        normal = erfc((total / 2 - less - 0.5) / sqrt(total / 4) / sqrt(2))
        assert sign_test(less, total) == pytest.approx(normal, rel=precision)
        beyond = sign_test(less + 3, total + 6)  # as far from the middle
        assert beyond == pytest.approx(normal, rel=10 * precision)


def test_the_border_between_both_ways_is_smooth() -> None:
    for deviations in (0.5, 2, 4):
        totals = range(99_996, 100_006, 2)
        values = [
            sign_test(total // 2 - round(deviations * sqrt(100_000) / 2), total) for total in totals
        ]
        assert np.ptp(values) < 1e-3 * values[0]


# Evaluations


def evaluation(labels: list[int], predictions: list[int]) -> Evaluation:
    probabilities = np.full((len(labels), 10), 0.01, np.float32)
    probabilities[np.arange(len(labels)), predictions] = 0.91
    return Evaluation(np.array(labels, np.uint8), probabilities, np.zeros(len(labels), np.float32))


def test_what_was_gained_and_lost_is_counted() -> None:
    labels = [0, 1, 2, 3, 4, 5, 6]
    first = evaluation(labels, [0, 1, 2, 0, 0, 0, 0])
    second = evaluation(labels, [0, 0, 2, 3, 4, 5, 9])
    assert compare(first, second) == Comparison(total=7, gained=3, lost=1)
    assert compare(second, first) == Comparison(total=7, gained=1, lost=3)
    assert compare(first, first) == Comparison(total=7, gained=0, lost=0)
    difference = compare(first, second).difference
    assert difference == pytest.approx(second.accuracy - first.accuracy)


def test_other_digits_cannot_be_compared() -> None:
    one = evaluation([0, 1, 2], [0, 1, 2])
    for labels in ([0, 1, 3], [0, 1], [0, 1, 2, 3]):
        with pytest.raises(ValueError, match="not the same"):
            compare(one, evaluation(labels, labels))


def test_predictions_of_other_digits_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="3, 3 and 2 digits"):
        compare_predictions(np.zeros(3), np.zeros(3), np.zeros(2))


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=60))
def test_a_comparison_of_predictions_is_that_of_scipy(digits: list[tuple[int, int, int]]) -> None:
    labels, first, second = np.array(digits, np.uint8).T
    found = compare_predictions(labels, first, second)
    gained = sum(one != label == other for label, one, other in digits)
    lost = sum(one == label != other for label, one, other in digits)
    assert found == Comparison(len(digits), gained, lost)
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1
    assert found.p_value == pytest.approx(expected, rel=1e-9)


# The interval of one accuracy


@settings(deadline=None)
@given(total=st.integers(1, 60_000), data=st.data())
def test_the_interval_of_an_accuracy_is_that_of_scipy(total: int, data: st.DataObject) -> None:
    edges = st.sampled_from([0, 1, total - 1, total])
    correct = data.draw(edges | st.integers(0, total))
    low, high = wilson_interval(correct, total)
    expected = binomtest(correct, total).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= correct / total <= high <= 1
    # What was missed is as uncertain.
    assert wilson_interval(total - correct, total) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_nothing_looked_at_may_be_anything() -> None:
    assert wilson_interval(0, 0) == (0, 1)
    assert interval_words(0, 0) == "no digits"


@pytest.mark.parametrize(("correct", "total"), [(-1, 5), (6, 5), (1, 0), (0, -1)])
def test_an_impossible_count_has_no_interval(correct: int, total: int) -> None:
    with pytest.raises(ValueError, match="correct of"):
        wilson_interval(correct, total)


@pytest.mark.parametrize(
    ("correct", "total", "words"),
    [  # the ends from scipy.stats.binomtest(...).proportion_ci(method="wilson")
        (9_836, 10_000, "98.36 % (95 % interval 98.1 to 98.6)"),
        (10_000, 10_000, "100.00 % (95 % interval 99.96 to 100.00)"),
        (0, 10, "0.00 % (95 % interval 0.0 to 27.8)"),
        (1, 1, "100.00 % (95 % interval 20.7 to 100.0)"),
    ],
)
def test_the_interval_in_words(correct: int, total: int, words: str) -> None:
    assert interval_words(correct, total) == words


@given(total=st.integers(1, 70_000), data=st.data())
def test_the_ends_never_look_the_same(total: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, total))
    low, high = map(float, ends_words(correct, total).split(" to "))
    assert low < high


# StdioCapture


@pytest.mark.parametrize(
    ("gained", "lost", "words"),
    [
        (0, 0, "fixed 0, broke 0: no difference"),
        (5, 5, "fixed 5, broke 5: may well be chance (p = 1.00)"),
        (27, 19, "fixed 27, broke 19: may well be chance (p = 0.30)"),
        (40, 22, "fixed 40, broke 22: probably real (p = 0.03)"),
        (10, 30, "fixed 10, broke 30: hardly chance (p = 0.0022)"),
        (2_000, 1_700, "fixed 2000, broke 1700: hardly chance (p < 0.001)"),
    ],
)
def test_the_test_in_words(gained: int, lost: int, words: str) -> None:
    # Thousands may be set apart or not.
    assert (
        Comparison(10_000, gained, lost).words.replace(",000", "000").replace("1,700", "1700")
        == words
    )


@given(gained=st.integers(0, 300), lost=st.integers(0, 300))
def test_words_fit_the_p_value(gained: int, lost: int) -> None:
    comparison = Comparison(1_000, gained, lost)
    p = comparison.p_value
    if p < 0.01:
        assert "hardly chance" in comparison.words
    elif p < 0.05:
        assert "probably real" in comparison.words
    elif gained or lost:
        assert "may well be chance" in comparison.words
    shown = re.search(r"p = (\d\.\d+)", comparison.words)
    if shown:
        assert float(shown[1]) == pytest.approx(p, rel=0.06, abs=0.0051 if p >= 0.1 else 0)
        assert float(shown[1]) > 0
    low, high = comparison.interval
    assert gap_words(comparison) == (
        f"{100 * comparison.difference:+.2f} points "
        f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f})"
    )
