"""How the predictions for the same digits differ between two looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.significance import Comparison, compare_predictions
from digit_tui.nn import PredictionHistory

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Change:
    """Two predictions for the same digits, held against each other."""

    first: Array
    """(classes, classes) int64, the confusion matrix of the first: rows are true classes."""
    second: Array
    """The same of the second."""
    comparison: Comparison

    @property
    def difference(self) -> Array:
        """(classes, classes) int64, how many more the second has in each cell."""
        difference: Array = self.second - self.first
        return difference


def change(labels: Array, first: Array, second: Array, classes: int) -> Change:
    """Hold two predictions (n,) for digits with these labels (n,) against each other."""
    return Change(
        matrix_of(labels, first, classes),
        matrix_of(labels, second, classes),
        compare_predictions(labels, first, second),
    )


def matrix_of(labels: Array, predictions: Array, classes: int) -> Array:
    """Count (classes, classes): rows are true classes, columns predicted ones."""
    pairs = labels.astype(np.int64) * classes + predictions
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def epoch_before(history: PredictionHistory, epoch: float) -> tuple[int, Array] | None:
    """The last look before a position: its epoch and predictions (n,) uint8, or None.

    Args:
        history: the looks at the ends of epochs.
        epoch: a position in epochs; a look right there is not before it.
    """
    found = None
    for number, predictions in history.walk():
        if number >= epoch:
            break
        found = number, predictions.copy()
    return found
