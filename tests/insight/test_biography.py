"""The lives of digits, against a plain loop over the matrix of all predictions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from digit_tui.insight.biography import biography, lives
from digit_tui.nn import PredictionHistory


def recorded(predictions: np.ndarray, epochs: list[int]) -> PredictionHistory:
    history = PredictionHistory()
    for epoch, row in zip(epochs, predictions, strict=True):
        history = history.add(epoch, row)
    return history


@st.composite
def runs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Predictions (looks, n), labels (n,) and epochs, with few classes so that many are right."""
    looks, count = draw(st.integers(0, 9)), draw(st.integers(1, 12))
    classes = hnp.arrays(np.uint8, (looks, count), elements=st.integers(0, 2))
    labels = draw(hnp.arrays(np.uint8, count, elements=st.integers(0, 2)))
    epochs = draw(st.lists(st.integers(1, 90), min_size=looks, max_size=looks, unique=True))
    return draw(classes), labels, sorted(epochs)


@given(runs())
def test_lives_are_those_of_a_plain_loop(run: tuple[np.ndarray, np.ndarray, list[int]]) -> None:
    predictions, labels, epochs = run
    found = lives(recorded(predictions, epochs), labels)
    for digit, label in enumerate(labels):
        learned, forgotten, since, right = -1, 0, -1, None
        before = None
        for epoch, prediction in zip(epochs, predictions[:, digit], strict=True):
            before, right = right, prediction == label
            if right and learned < 0:
                learned = epoch
            if before and not right:
                forgotten += 1
            if before is None or before != right:
                since = epoch
        assert found.learned[digit] == learned
        assert found.forgotten[digit] == forgotten
        assert found.since[digit] == since
        assert found.broken[digit] == (before is not None and before and not right)
        assert found.fixed[digit] == (before is not None and not before and bool(right))


@given(runs())
def test_words_agree_with_the_lives(run: tuple[np.ndarray, np.ndarray, list[int]]) -> None:
    predictions, labels, epochs = run
    history = recorded(predictions, epochs)
    all_lives = lives(history, labels)
    for digit in range(len(labels)):
        own = biography(history, labels, digit)
        assert own.predictions.tolist() == predictions[:, digit].tolist()
        assert own.epochs == tuple(epochs)
        learned, forgotten = int(all_lives.learned[digit]), int(all_lives.forgotten[digit])
        since = int(all_lives.since[digit])
        if not epochs:
            assert own.words == "not evaluated yet"
        elif learned < 0:
            assert own.words == "never learned"
        elif not forgotten:
            assert own.words == f"right since epoch {learned}"
            assert since == learned
        else:
            now = "right" if predictions[-1, digit] == labels[digit] else "wrong"
            assert own.words.startswith(f"first learned at epoch {learned}, forgotten ")
            assert own.words.endswith(f", {now} since {since}")


@pytest.mark.parametrize(
    ("predictions", "words"),
    [
        ([4, 4, 4], "right since epoch 1"),
        ([9, 9, 4], "right since epoch 3"),
        ([9, 8, 7], "never learned"),
        ([4, 9, 4], "first learned at epoch 1, forgotten once, right since 3"),
        ([9, 9, 4, 9, 4, 4, 4, 4, 4, 4, 9, 8], "first learned at epoch 3, forgotten twice, "
         "wrong since 11"),
        ([4, 9, 4, 9, 4, 9], "first learned at epoch 1, forgotten 3 times, wrong since 6"),
        ([4], "right since epoch 1"),
        ([], "not evaluated yet"),
    ],
)  # fmt: skip
def test_a_life_in_words(predictions: list[int], words: str) -> None:
    matrix = np.array(predictions, np.uint8)[:, None]
    history = recorded(matrix, list(range(1, len(predictions) + 1)))
    assert biography(history, np.array([4], np.uint8), 0).words == words


@pytest.mark.parametrize(
    ("predictions", "now", "words"),
    [
        ([4, 9, 4], 4, "first learned at epoch 1, forgotten once, right since 3"),
        ([4, 9, 4], 8, "first learned at epoch 1, forgotten once, right since 3, wrong now"),
        ([9, 4], 4, "right since epoch 2"),
        ([9, 8], 4, "never learned, right now"),
        ([9, 8], 7, "never learned"),
        ([], 4, "not evaluated yet"),
    ],
)
def test_what_is_so_between_two_epochs_is_told(
    predictions: list[int], now: int, words: str
) -> None:
    history = recorded(np.array(predictions, np.uint8)[:, None], [*range(1, len(predictions) + 1)])
    assert biography(history, np.array([4], np.uint8), 0, now).words == words


def test_at_the_first_evaluation_nothing_is_newly_broken_or_fixed() -> None:
    found = lives(recorded(np.array([[1, 2]]), [5]), np.array([1, 1], np.uint8))
    assert not found.broken.any()
    assert not found.fixed.any()
    assert found.learned.tolist() == [5, -1]
    assert found.since.tolist() == [5, 5]


def test_an_evaluation_without_a_change_breaks_nothing() -> None:
    found = lives(recorded(np.array([[1, 1], [1, 0], [1, 0]]), [1, 2, 3]), np.array([1, 1]))
    assert found.forgotten.tolist() == [0, 1]
    assert not found.broken.any()


def test_within_an_epoch_what_is_broken_or_fixed_is_so_now() -> None:
    history = recorded(np.array([[1, 1, 0, 0], [1, 0, 1, 0]]), [1, 2])
    labels = np.ones(4, np.uint8)
    found = lives(history, labels, np.array([0, 1, 1, 0]))
    assert found.broken.tolist() == [True, False, False, False]
    assert found.fixed.tolist() == [False, True, False, False]
    at_its_end = lives(history, labels, np.array([1, 0, 1, 0]))
    assert at_its_end.broken.tolist() == [False, True, False, False]
    assert at_its_end.fixed.tolist() == [False, False, True, False]


def test_another_number_of_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="2 digits, but 3 labels"):
        lives(recorded(np.array([[1, 2]]), [1]), np.zeros(3, np.uint8))
