"""Labels that may be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import accuracy_score

from digit_tui.data import Dataset, load_dataset
from digit_tui.insight.calibration import HOTTEST, fit_temperature
from digit_tui.insight.suspects import (
    STEADY,
    UNBACKED,
    accuracy_without,
    is_mnist_test,
    suspects,
    unbacked,
)
from digit_tui.nn import Evaluation, Network, PredictionHistory, evaluate


def evaluation_of(
    labels: np.ndarray, predictions: np.ndarray, confidences: np.ndarray, classes: int = 3
) -> Evaluation:
    """The probability that is left goes to the other classes in equal parts."""
    rows = np.arange(len(labels))
    rest = (1 - confidences[:, None]) / (classes - 1)
    probabilities = np.repeat(rest, classes, axis=1).astype(np.float32)
    probabilities[rows, predictions] = confidences
    return Evaluation(labels, probabilities, np.zeros(len(labels), np.float32))


MANY = 4_000
"""Digits that are read right: so many keep the network's confidence from being lowered."""


def right_one(before: np.ndarray) -> np.ndarray:
    return np.zeros(MANY, before.dtype)


def recorded(predictions: np.ndarray) -> PredictionHistory:
    history = PredictionHistory()
    for epoch, row in enumerate(predictions, 1):
        history = history.add(epoch, row)
    return history


@given(st.data())
def test_suspects_are_those_of_a_plain_loop(data: st.DataObject) -> None:
    evaluations, count = data.draw(st.integers(0, 9)), data.draw(st.integers(1, 9))
    classes = st.sampled_from([0, 0, 0, 1, 2])
    predictions = data.draw(hnp.arrays(np.uint8, (evaluations, count), elements=classes))
    labels = data.draw(hnp.arrays(np.uint8, count, elements=classes))
    confidences = data.draw(
        hnp.arrays(np.float32, count, elements=st.sampled_from([0.5, 0.875, 0.9375, 1.0]))
    )
    now = data.draw(hnp.arrays(np.uint8, count, elements=classes))
    if evaluations and data.draw(st.booleans()):
        now = predictions[-1]
    right = np.zeros((evaluations, MANY), np.uint8)
    found = suspects(
        evaluation_of(
            *(np.concatenate([each, right_one(each)]) for each in (labels, now)),
            np.concatenate([confidences, np.full(MANY, 0.95)]),
        ),
        recorded(np.concatenate([predictions, right], axis=1)),
    )
    for digit in range(count):
        steady = evaluations >= STEADY and all(predictions[-STEADY:, digit] == now[digit])
        expected = now[digit] != labels[digit] and confidences[digit] >= 0.9 and steady
        assert found[digit] == expected


def test_with_too_few_evaluations_nothing_is_suspect() -> None:
    labels, predictions = np.zeros(400, np.uint8), np.zeros(400, np.uint8)
    predictions[:4] = 1
    evaluation = evaluation_of(labels, predictions, np.full(400, 0.95))
    for evaluations in range(STEADY):
        assert not suspects(evaluation, recorded(np.tile(predictions, (evaluations, 1)))).any()
    found = suspects(evaluation, recorded(np.tile(predictions, (STEADY, 1))))
    assert list(np.flatnonzero(found)) == [0, 1, 2, 3]


@pytest.mark.parametrize(("wrong", "lowered"), [(1, False), (20, False), (44, True), (200, True)])
def test_a_network_that_is_confident_always_is_believed_less(wrong: int, lowered: bool) -> None:
    """Of 400 digits that it is sure of with 95%, 20 may be wrong."""
    labels, predictions = np.zeros(400, np.uint8), np.zeros(400, np.uint8)
    predictions[:wrong] = 1
    evaluation = evaluation_of(labels, predictions, np.full(400, 0.95))
    scale = 1 / fit_temperature(evaluation, coldest=1.0)
    assert (scale < 0.999) is lowered
    scales = np.linspace(0, 1, 2_001)[1:]
    powers = evaluation.probabilities.astype(float)[None] ** scales[:, None, None]
    chances = powers / powers.sum(axis=2, keepdims=True)
    losses = -np.log(chances[:, np.arange(400), labels]).mean(axis=1)
    assert scale == pytest.approx(scales[losses.argmin()], abs=0.001)
    found = suspects(evaluation, recorded(np.tile(predictions, (STEADY, 1))))
    assert found.sum() == (0 if lowered else wrong)


def test_a_probability_that_was_rounded_to_zero_is_no_trouble() -> None:
    labels, predictions = np.zeros(400, np.uint8), np.zeros(400, np.uint8)
    predictions[:2] = 1
    evaluation = evaluation_of(labels, predictions, np.ones(400))
    assert 1 < fit_temperature(evaluation) < HOTTEST


def test_a_diverged_network_suspects_nobody(diverged: Network) -> None:
    labels = np.arange(1, 8, dtype=np.uint8)
    evaluation = evaluate(diverged, np.ones((7, 784), np.uint8), labels)
    history = recorded(np.tile(evaluation.predictions, (STEADY, 1)))
    assert not suspects(evaluation, history).any()


def test_a_history_of_other_digits_is_refused() -> None:
    evaluation = evaluation_of(np.zeros(4, np.uint8), np.ones(4, np.uint8), np.ones(4))
    with pytest.raises(ValueError, match="3 digits, but 4 predictions"):
        suspects(evaluation, recorded(np.ones((STEADY, 3), np.uint8)))


def test_what_annotators_did_not_back_is_marked_on_mnist(full_mnist: Path) -> None:
    labels = load_dataset(str(full_mnist)).test_labels
    assert is_mnist_test(labels)
    assert is_mnist_test(labels.astype(np.int64))
    assert tuple(np.flatnonzero(unbacked(labels))) == UNBACKED
    other = labels.copy()
    other[5_000] = (other[5_000] + 1) % 10
    for almost in (other, labels[:-1], labels[::-1]):
        assert not is_mnist_test(almost)
        assert not unbacked(almost).any()


def test_no_other_set_is_mnist(sample: Dataset) -> None:
    assert not is_mnist_test(sample.test_labels)
    marked = unbacked(sample.test_labels)
    assert marked.shape == (1_000,)
    assert not marked.any()
    assert len(unbacked(np.empty(0, np.uint8))) == 0


def test_the_list_is_in_order() -> None:
    assert len(UNBACKED) == 15
    assert list(UNBACKED) == sorted(set(UNBACKED))


def test_the_accuracy_without_some(random_evaluation: Callable[..., Evaluation]) -> None:
    evaluation = random_evaluation(300)
    mask = np.random.default_rng(1).random(300) < 0.2
    correct, total = accuracy_without(evaluation, mask)
    expected = accuracy_score(evaluation.labels[~mask], evaluation.predictions[~mask])
    assert correct / total == pytest.approx(expected)
    assert total == 300 - mask.sum()
    everyone = np.ones(300, bool)
    assert accuracy_without(evaluation, everyone) == (0, 0)
    assert accuracy_without(evaluation, ~everyone) == (evaluation.correct, 300)
