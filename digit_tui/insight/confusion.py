"""Which digits are taken for which."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation


class ConfusedPair(NamedTuple):
    """One kind of mistake."""

    true: int
    predicted: int
    times: int


def confusion_matrix(evaluation: Evaluation) -> NDArray[np.int64]:
    """Count (classes, classes): rows are true classes, columns predicted ones."""
    classes = evaluation.probabilities.shape[1]
    return matrix_of(evaluation.labels, evaluation.predictions, classes)


def matrix_of(labels: NDArray[Any], predictions: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """The same of labels (n,) and predictions (n,) alone."""
    pairs = labels.astype(np.int64) * classes + predictions
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def most_confused(matrix: NDArray[np.int64], count: int) -> list[ConfusedPair]:
    """The most frequent kinds of mistake, most frequent first; those that happened."""
    wrong = matrix - np.diag(matrix.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    found = [ConfusedPair(int(true), int(seen), int(wrong[true, seen])) for true, seen in pairs]
    return [pair for pair in found if pair.times]


class ClassScores(NamedTuple):
    """How well each class is recognized, from 0 to 1; NaN for what is 0 of 0."""

    recall: NDArray[np.float64]
    """(classes,) the share that is right of the digits of this class."""
    precision: NDArray[np.float64]
    """(classes,) the share that is right of the digits taken for this class."""
    f1: NDArray[np.float64]
    """(classes,) the harmonic mean of both (van Rijsbergen 1979, "Information Retrieval")."""


def class_scores(matrix: NDArray[np.int64]) -> ClassScores:
    """Recall, precision and F1 from a confusion matrix (classes, classes)."""
    right, true, predicted = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        return ClassScores(right / true, right / predicted, 2 * right / (true + predicted))
