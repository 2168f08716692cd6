from __future__ import annotations

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix

from digit_tui.insight.change import confusion_change, epoch_before
from digit_tui.insight.confusion import matrix_of
from digit_tui.nn import PredictionHistory

GENERATOR = np.random.default_rng(0)
LABELS, FIRST, SECOND = GENERATOR.integers(0, 47, (3, 2_000)).astype(np.uint8)


def test_both_matrices_and_what_lies_between() -> None:
    SECOND[:900] = LABELS[:900]
    changed = confusion_change(LABELS, FIRST, SECOND, 47)
    classes = np.arange(47)
    first, second = (
        confusion_matrix(LABELS, predictions, labels=classes) for predictions in (FIRST, SECOND)
    )
    assert changed.first.tolist() == first.tolist()
    assert changed.second.tolist() == second.tolist()
    assert changed.difference.tolist() == (second - first).tolist()
    gained, lost = changed.comparison.gained, changed.comparison.lost
    assert gained == np.count_nonzero((SECOND == LABELS) & (FIRST != LABELS))
    scores = [accuracy_score(LABELS, predictions) for predictions in (FIRST, SECOND)]
    assert (gained - lost) / 2_000 == np.float64(scores[1] - scores[0]).round(10)


def test_a_class_without_digits_has_a_place() -> None:
    matrix = matrix_of(np.array([0, 2], np.uint8), np.array([2, 2], np.uint8), 4)
    assert matrix.tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


class TestTheEpochBefore:
    history = PredictionHistory().add(1, np.array([5, 5])).add(2, np.array([5, 6]))

    def test_between_epochs_it_is_the_last(self) -> None:
        self.check(2.5, 2, [5, 6])

    def test_at_an_epochs_end_it_is_the_one_before(self) -> None:
        self.check(2.0, 1, [5, 5])

    def test_after_going_back_it_is_not_a_later_one(self) -> None:
        self.check(1.5, 1, [5, 5])

    def test_there_may_be_none(self) -> None:
        assert epoch_before(self.history, 1.0) is None
        assert epoch_before(PredictionHistory(), 3.0) is None

    def check(self, epoch: float, number: int, predictions: list[int]) -> None:
        found = epoch_before(self.history, epoch)
        assert found is not None
        assert (found[0], found[1].tolist()) == (number, predictions)
