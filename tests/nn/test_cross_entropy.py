from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digit_tui.nn import cross_entropy


def logits_and_labels(limit: float) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    shapes = st.tuples(st.integers(1, 6), st.integers(2, 12))
    numbers = st.floats(-limit, limit, width=32)
    return shapes.flatmap(
        lambda shape: st.tuples(
            arrays(np.float32, shape, elements=numbers),
            arrays(np.intp, shape[0], elements=st.integers(0, shape[1] - 1)),
        )
    )


@given(logits_and_labels(100))
def test_it_agrees_with_logsumexp_in_float64(case: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = case
    exact = logits.astype(np.float64)
    log_probabilities = exact - np.logaddexp.reduce(exact, axis=1, keepdims=True)
    probabilities, losses = cross_entropy(logits.copy(), labels)
    np.testing.assert_allclose(
        losses, -log_probabilities[np.arange(len(labels)), labels], rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(probabilities, np.exp(log_probabilities), rtol=1e-4, atol=1e-6)


@given(logits_and_labels(2.0**100))
def test_probabilities_are_probabilities_for_any_logits(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, labels = case
    probabilities, losses = cross_entropy(logits, labels)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(losses).all()
    assert (losses >= 0).all()


@given(logits_and_labels(16), st.integers(-1000, 1000))
def test_a_shift_of_all_logits_changes_nothing(
    case: tuple[np.ndarray, np.ndarray], shift: int
) -> None:
    logits, labels = case
    logits = np.round(logits * 8) / 8  # so that adding the shift is exact
    before = cross_entropy(logits.copy(), labels)
    after = cross_entropy(logits + np.float32(shift), labels)
    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_array_equal(after[1], before[1])


def test_equal_logits_are_as_uncertain_as_can_be() -> None:
    probabilities, losses = cross_entropy(np.zeros((2, 10), np.float32), np.array([0, 9]))
    np.testing.assert_allclose(probabilities, 0.1, rtol=1e-6)
    np.testing.assert_allclose(losses, np.log(10), rtol=1e-6)


def test_a_certain_wrong_answer_costs_what_its_logits_say() -> None:
    _, losses = cross_entropy(np.array([[1e4, -1e4]], np.float32), np.array([1]))
    assert losses[0] == 2e4  # nothing is clamped


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_stays_visible(bad: float) -> None:
    logits = np.array([[1, bad, 0], [1, 2, 3]], np.float32)
    with np.errstate(invalid="ignore"):
        probabilities, losses = cross_entropy(logits, np.array([0, 0]))
    assert np.isnan(losses[0])
    assert np.isnan(probabilities[0]).any()
    assert np.isfinite(losses[1])  # and spoils no other example
    assert np.isfinite(probabilities[1]).all()
