"""Networks that predict together, against SciPy's softmax and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from digit_tui.insight.committee import (
    Agreement,
    evaluate_together,
    look_together,
    mean_probabilities,
)
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.selection import parse_selection
from digit_tui.nn import Evaluation, Network

GENERATOR = np.random.default_rng(5)
LOGITS = GENERATOR.normal(0, 3, (3, 200, 10))
LABELS = GENERATOR.integers(0, 10, 200).astype(np.uint8)


def evaluation_of(logits: np.ndarray) -> Evaluation:
    probabilities = softmax(logits, axis=1).astype(np.float32)
    return Evaluation(LABELS, probabilities, -np.log(probabilities[np.arange(200), LABELS]))


MEMBERS = [evaluation_of(each) for each in LOGITS]


def test_a_committee_is_the_mean_of_softmaxes_at_the_members_temperatures() -> None:
    found = evaluate_together(MEMBERS, [2.5, None, 0.7])
    tempered = [softmax(each / t, axis=1) for each, t in zip(LOGITS, (2.5, 1, 0.7), strict=True)]
    wanted = np.mean(tempered, axis=0)
    assert found.probabilities.dtype == np.float32
    assert found.probabilities == pytest.approx(wanted, abs=1e-6)
    assert found.losses == pytest.approx(-np.log(wanted[np.arange(200), LABELS]), rel=1e-4)
    assert found.probabilities.sum(axis=1) == pytest.approx(1)


def test_members_that_are_the_same_are_as_one() -> None:
    twice = mean_probabilities([MEMBERS[0].probabilities] * 2, [None, None])
    assert np.array_equal(twice, MEMBERS[0].probabilities)


def test_an_impossible_true_class_has_a_finite_loss() -> None:
    certain = Evaluation(np.zeros(1, np.uint8), np.array([[0, 1]], np.float32), np.zeros(1))
    assert np.isfinite(evaluate_together([certain, certain], [None, 2.0]).losses).all()


def test_agreement_by_hand() -> None:
    labels = np.array([1, 1, 1, 1])
    predictions = np.array([[1, 1, 2, 0], [1, 2, 2, 2], [1, 1, 2, 1]])
    agreement = Agreement(labels, predictions)
    assert agreement.unanimous.tolist() == [True, False, True, False]
    # Pairs differ on 2, 1 and 2 of the four.
    assert agreement.disagreement == pytest.approx(5 / 12)
    probabilities = np.array([[0.1, 0.8, 0.1], [0.1, 0.2, 0.7], [0, 0.9, 0.1], [0.3, 0.3, 0.4]])
    # Two of three have their way, however sure the third is; of three that differ the probable one.
    assert agreement.vote(probabilities).tolist() == [1, 1, 2, 2]


def test_what_all_get_wrong() -> None:
    members = np.stack([each.predictions for each in MEMBERS])
    joint = evaluate_together(MEMBERS, [None] * 3)
    table = DigitTable(joint, members=members)
    by_hand = (members != LABELS).all(axis=0) & (joint.predictions != LABELS)
    assert 0 < by_hand.sum() < table.wrong.sum()
    assert np.array_equal(parse_selection("allwrong", 10).mask(table), by_hand)
    alone = DigitTable(MEMBERS[0])
    assert np.array_equal(alone.all_wrong, alone.wrong)


class Scorer:
    """Says how strange each of two images is."""

    threshold = 1.0

    def __init__(self, *scores: float) -> None:
        self.scorer = self
        self._scores = np.array(scores)

    def score(self, _: np.ndarray) -> np.ndarray:
        return self._scores


def test_what_is_strange_to_most_members_is_no_digit() -> None:
    sure = Network((4, 3, 2))
    sure.layers[-1].biases[:] = 0, 9
    members = [(sure, None)] * 3
    images = np.zeros((2, 2, 2), np.uint8)
    classifiers = [Scorer(2, 0.5), Scorer(np.nan, 1.5), Scorer(1, 1)]
    _, answers = look_together(members, images, classifiers)  # type: ignore[arg-type]
    assert [each.classes for each in answers if each is not None] == [(), (1,)]
    assert look_together(members, images, None)[1] == [None, None]
