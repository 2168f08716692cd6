"""What an evaluation says of the labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from digit_tui.data import Dataset
from digit_tui.insight.health.doubts import CHECKED, doubts_of, separation, training_check
from digit_tui.nn import Evaluation, Network, PredictionHistory, evaluate


def test_separation_is_the_area_under_the_curve(
    random_evaluation: Callable[..., Evaluation],
) -> None:
    for seed in range(5):
        evaluation = random_evaluation(seed=seed)
        right = evaluation.predictions == evaluation.labels
        expected = roc_auc_score(right, evaluation.probabilities.max(axis=1))
        assert separation(evaluation) == pytest.approx(expected)


def test_equal_confidences_count_half() -> None:
    probabilities = np.array([[0.75, 0.25]] * 4, np.float32)
    evaluation = Evaluation(np.array([0, 0, 1, 1]), probabilities, np.zeros(4, np.float32))
    assert separation(evaluation) == 0.5


def test_where_all_are_right_or_nothing_is_a_number() -> None:
    labels = np.array([0, 0])
    sure = np.array([[0.75, 0.25]] * 2, np.float32)
    assert separation(Evaluation(labels, sure, np.zeros(2, np.float32))) is None
    none = np.full((2, 2), np.nan, np.float32)
    assert separation(Evaluation(np.array([0, 1]), none, np.zeros(2, np.float32))) is None
    doubts = doubts_of(Evaluation(labels, sure, np.zeros(2, np.float32)), PredictionHistory())
    assert doubts == (2, 2, 0, None)


def test_training_images_from_all_over(sample: Dataset) -> None:
    network = Network((784, 10))
    network.initialize(np.random.default_rng(0))
    evaluation = evaluate(network, sample.test_images, sample.test_labels)
    check = training_check(network, sample.train_images, sample.train_labels, evaluation)
    every_other = evaluate(network, sample.train_images[::2], sample.train_labels[::2])
    assert check == (CHECKED, every_other.correct, evaluation.accuracy)
