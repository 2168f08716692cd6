"""The history of predictions, against a plain table of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digit_tui.nn import PredictionHistory
from digit_tui.nn import history as history_module

TABLES = st.integers(1, 12).flatmap(
    lambda digits: arrays(np.uint8, st.tuples(st.integers(0, 9), st.just(digits)))
)
"""(looks, digits)"""


def history_of(table: np.ndarray) -> PredictionHistory:
    history = PredictionHistory()
    for epoch, predictions in enumerate(table, 1):
        history = history.add(epoch, predictions)
    return history


@given(TABLES)
def test_nothing_is_lost(table: np.ndarray) -> None:
    history = history_of(table)
    assert len(history) == len(table)
    walked = [(epoch, predictions.copy()) for epoch, predictions in history.walk()]
    assert [epoch for epoch, _ in walked] == list(range(1, len(table) + 1))
    for (_, predictions), row in zip(walked, table, strict=True):
        np.testing.assert_array_equal(predictions, row)
    for digit in range(table.shape[1]):
        np.testing.assert_array_equal(history.predictions_of(digit), table[:, digit])
    if len(table):
        np.testing.assert_array_equal(history.latest, table[-1])
    else:
        assert history.latest is None


@given(TABLES)
def test_it_survives_a_file(table: np.ndarray) -> None:
    history = history_of(table)
    read = PredictionHistory.from_arrays(history.to_arrays())
    assert read.epochs == history.epochs
    for own, other in zip(read.changes, history.changes, strict=True):
        np.testing.assert_array_equal(own.indices, other.indices)
        np.testing.assert_array_equal(own.predictions, other.predictions)
    np.testing.assert_array_equal(read.latest, history.latest)


def test_only_changes_are_kept() -> None:
    table = np.zeros((100, 10_000), np.uint8)
    table[50:, 7] = 3
    history = history_of(table)
    assert [len(change.indices) for change in history.changes[1:]] == [0] * 49 + [1] + [0] * 49


def test_one_that_was_added_to_stays_as_it_was() -> None:
    first = PredictionHistory().add(1, np.array([1, 2]))
    first.add(2, np.array([3, 2]))
    assert first.epochs == (1,)
    np.testing.assert_array_equal(first.latest, [1, 2])


@pytest.mark.parametrize("lost", ["epochs", "counts", "digits", "predictions"])
def test_arrays_that_do_not_fit_are_refused(lost: str) -> None:
    arrays = history_of(np.arange(6, dtype=np.uint8).reshape(2, 3)).to_arrays()
    with pytest.raises(ValueError, match="does not fit"):
        PredictionHistory.from_arrays(arrays | {lost: arrays[lost][:-1]})
    del arrays[lost]
    with pytest.raises(KeyError, match=lost):
        PredictionHistory.from_arrays(arrays)


def test_beyond_a_limit_every_other_evaluation_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_module, "MAX_EVALUATIONS", 8)
    table = np.random.default_rng(0).integers(0, 3, (100, 5)).astype(np.uint8)
    history = PredictionHistory()
    for epoch, predictions in enumerate(table, 1):
        history = history.add(epoch, predictions)
        assert len(history) <= 8
        assert history.epochs[-1] == epoch - epoch % history.stride
        for kept, seen in history.walk():
            np.testing.assert_array_equal(seen, table[kept - 1])
    assert history.epochs == (16, 32, 48, 64, 80, 96)
    assert PredictionHistory.from_arrays(history.to_arrays()).stride == 16


def test_an_epoch_is_looked_at_once() -> None:
    history = PredictionHistory().add(2, np.array([1]))
    assert history.add(2, np.array([3])) is history
    assert history.add(1, np.array([3])) is history
