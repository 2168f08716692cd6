"""Which digits are taken for which."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation


class Confusion(NamedTuple):
    """One kind of mistake."""

    true: int
    predicted: int
    times: int


def confusion_matrix(evaluation: Evaluation) -> NDArray[np.int64]:
    """Count (classes, classes): rows are true classes, columns predicted ones."""
    classes = evaluation.probabilities.shape[1]
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (evaluation.labels, evaluation.predictions), 1)
    return matrix


def most_confused(matrix: NDArray[np.int64], count: int) -> list[Confusion]:
    """The most frequent kinds of mistake, most frequent first; those that happened."""
    wrong = matrix - np.diag(matrix.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    found = [Confusion(int(true), int(seen), int(wrong[true, seen])) for true, seen in pairs]
    return [confusion for confusion in found if confusion.times]
