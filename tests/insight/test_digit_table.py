"""What is known of a digit, against NumPy's and SciPy's own ways to rank."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import rankdata

from digit_tui.insight.digit_table import DigitTable
from digit_tui.nn import Evaluation, Network, evaluate


@pytest.mark.parametrize("classes", [2, 10, 47])
def test_confidence_margin_and_rank(
    random_evaluation: Callable[..., Evaluation], classes: int
) -> None:
    evaluation = random_evaluation(150, classes)
    digits = DigitTable(evaluation)
    assert len(digits) == 150
    for digit, (row, label) in enumerate(
        zip(evaluation.probabilities, evaluation.labels, strict=True)
    ):
        others = np.delete(row, label)
        assert digits.confidences[digit] == row[evaluation.predictions[digit]] == row.max()
        assert digits.margin(digit) == pytest.approx(row[label] - others.max(), abs=1e-7)
        assert digits.rank(digit) == rankdata(-row, method="ordinal")[label]
        right = evaluation.predictions[digit] == label
        assert digits.wrong[digit] == (not right)
        assert (digits.rank(digit) == 1) == right
        assert (digits.margin(digit) > 0) == right


@given(
    hnp.arrays(np.float32, (4, 3), elements=st.sampled_from([0.0, 0.25, 0.5, np.nan])),
    hnp.arrays(np.uint8, 4, elements=st.integers(0, 2)),
)
def test_rank_one_is_right_whatever_the_numbers(
    probabilities: np.ndarray, labels: np.ndarray
) -> None:
    evaluation = Evaluation(labels, probabilities, np.zeros(4, np.float32))
    digits = DigitTable(evaluation)
    for digit in range(4):
        assert (digits.rank(digit) == 1) == (evaluation.predictions[digit] == labels[digit])
        assert 1 <= digits.rank(digit) <= 3
        digits.margin(digit)


def test_a_diverged_network_has_numbers_that_are_none(diverged: Network) -> None:
    evaluation = evaluate(diverged, np.ones((3, 784), np.uint8), np.array([0, 5, 9], np.uint8))
    digits = DigitTable(evaluation)
    assert np.isnan(digits.confidences).all()
    assert np.isnan(digits.margins).all()
    assert [digits.rank(digit) for digit in range(3)] == [1, 6, 10]


def test_looking_leaves_the_evaluation_as_it_was(
    random_evaluation: Callable[..., Evaluation],
) -> None:
    evaluation = random_evaluation()
    before = evaluation.probabilities.copy()
    digits = DigitTable(evaluation)
    assert digits.margins.shape == digits.lives.learned.shape == digits.suspects.shape
    assert not digits.unbacked.any()
    assert np.array_equal(evaluation.probabilities, before)
