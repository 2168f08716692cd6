"""Whether a difference in accuracy is real, against SciPy and what was published."""

from __future__ import annotations

import re
from fractions import Fraction
from math import comb, erfc, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from digit_tui.insight import significance
from digit_tui.insight.significance import (
    Comparison,
    compare,
    compare_predictions,
    ends_words,
    gap_words,
    interval_words,
    wilson_interval,
)
from digit_tui.nn import Evaluation

PAIRS = [
    *((1, 0), (3, 0), (5, 5), (6, 1), (27, 19), (19, 27), (40, 22), (10, 30), (100, 60)),
    *((300, 250), (1_234, 1_100), (0, 60), (2_000, 1_700), (49_000, 50_000), (60_000, 59_000)),
]


def test_the_p_value_is_the_published_one() -> None:
    """By the R package contingencytables, for the data of Cavo et al."""
    assert Comparison(161, 6, 16).p_value == pytest.approx(0.034690, abs=5e-7)


def test_the_p_value_is_that_of_a_sum_of_fractions() -> None:
    for differ in range(1, 41):
        for lost in range((differ + 1) // 2):
            ways = [comb(differ, count) for count in range(lost + 1)]
            expected = Fraction(2 * sum(ways) - ways[-1], 2**differ)
            found = Comparison(100, differ - lost, lost).p_value
            assert found == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.parametrize("counts", PAIRS, ids=str)
def test_the_p_value_is_that_of_scipy(counts: tuple[int, int]) -> None:
    larger, differ = max(counts), sum(counts)
    expected = 2 * binom.sf(larger, differ, 0.5) + binom.pmf(larger, differ, 0.5)
    assert Comparison(1_000_000, *counts).p_value == pytest.approx(expected, rel=1e-9)


def test_the_interval_and_the_test_never_contradict_each_other() -> None:
    """For all small counts up to where the difference is clear, and few digits; more follow."""
    for fewer in range(20):
        for more in range(fewer, 2 * fewer + 12):
            agree(Comparison(1_000, fewer, more))
            agree(Comparison(1_000, more, fewer))
    for total in range(1, 9):
        for gained in range(total + 1):
            for lost in range(total + 1 - gained):
                agree(Comparison(total, gained, lost))
    agree(Comparison(500_000, 19_687, 19_300))  # p is 0.05 to seven digits


@settings(deadline=None, max_examples=60)
@given(gained=st.integers(0, 200_000), data=st.data())
def test_nor_do_they_for_larger_counts(gained: int, data: st.DataObject) -> None:
    """Also where the difference is just about as large as it must be."""
    border = round(1.959964 * sqrt(2 * gained + 4))
    lost = max(gained + data.draw(st.sampled_from([-1, 1])) * border, 0)
    agree(Comparison(500_000, gained, data.draw(st.integers(max(lost - 6, 0), lost + 6))))


def agree(comparison: Comparison) -> None:
    low, high = comparison.interval
    assert low <= comparison.difference <= high
    assert (comparison.p_value < 0.05) == (low > 0 or high < 0), comparison
    # Nor in words.
    numbers = re.match(r"(\S+) points .95% interval (\S+) to ([^)]+)\)", gap_words(comparison))
    assert numbers is not None
    difference, first, last = map(float, numbers.groups())
    assert first <= difference <= last
    assert (first > 0 or last < 0) == (low > 0 or high < 0), comparison
    shown = re.search(r"p = ([^)]+)\)", comparison.words)
    if shown:
        assert (float(shown[1]) < 0.05) == (comparison.p_value < 0.05)
        assert (float(shown[1]) < 0.01) == (comparison.p_value < 0.01)


@given(total=st.integers(1, 70_000), data=st.data())
def test_the_difference_is_never_an_end(total: int, data: st.DataObject) -> None:
    """Unless each digit tells the networks apart, the same way."""
    gained = data.draw(st.integers(0, min(total, 40)))
    lost = data.draw(st.integers(0, min(total - gained, 40)))
    comparison = Comparison(total, gained, lost)
    low, high = comparison.interval
    agree(comparison)
    assert (low < comparison.difference) == (lost < total)
    assert (comparison.difference < high) == (gained < total)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ((1_000, 0, 0), "+0.00 points (95% interval -0.23 to +0.23)"),  # 1 - 0.1 ** 0.001
        ((1_000, 0, 13), "-1.30 points (95% interval -2.08 to -0.59)"),
        ((1_000, 1, 7), "-0.60 points (95% interval -1.23 to -0.03)"),
        ((10_000, 17, 26), "-0.09 points (95% interval -0.22 to +0.04)"),
        ((60_000, 0, 1), "-0.002 points (95% interval -0.007 to +0.003)"),
    ],
)
def test_the_gap_in_words(table: tuple[int, int, int], words: str) -> None:
    assert gap_words(Comparison(*table)) == words


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


def test_an_even_outcome_is_no_evidence() -> None:
    for total in (0, 2, 10, 1_000, 400_000):
        assert Comparison(total or 1, total // 2, total // 2).p_value == 1


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
def test_a_comparison_counts_the_digits_of_two_predictions(
    digits: list[tuple[int, int, int]],
) -> None:
    labels, first, second = np.array(digits, np.uint8).T
    found = compare_predictions(labels, first, second)
    gained = sum(one != label == other for label, one, other in digits)
    lost = sum(one == label != other for label, one, other in digits)
    assert found == Comparison(len(digits), gained, lost)


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
        (9_836, 10_000, "98.36% (95% interval 98.1 to 98.6)"),
        (10_000, 10_000, "100.00% (95% interval 99.96 to 100.00)"),
        (0, 10, "0.00% (95% interval 0.0 to 27.8)"),
        (1, 1, "100.00% (95% interval 20.7 to 100.0)"),
    ],
)
def test_the_interval_in_words(correct: int, total: int, words: str) -> None:
    assert interval_words(correct, total) == words


@given(total=st.integers(1, 70_000), data=st.data())
def test_the_ends_never_look_the_same(total: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, total))
    low, high = map(float, ends_words(correct, total).split(" to "))
    assert low < high


# The test in words


@pytest.mark.parametrize(
    ("gained", "lost", "words"),
    [
        (0, 0, "fixed 0, broke 0: no difference"),
        (5, 5, "fixed 5, broke 5: may well be chance (p = 1.00)"),
        (0, 2, "fixed 0, broke 2: may well be chance (p = 0.25)"),
        (4, 0, "fixed 4, broke 0: may well be chance (p = 0.062)"),  # 1/16
        (0, 5, "fixed 0, broke 5: probably real (p = 0.031)"),  # 1/32
        (27, 19, "fixed 27, broke 19: may well be chance (p = 0.24)"),
        (40, 22, "fixed 40, broke 22: probably real (p = 0.023)"),
        (10, 30, "fixed 10, broke 30: hardly chance (p = 0.0015)"),
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
    agree(comparison)
