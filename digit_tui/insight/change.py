"""How the predictions for the same digits differ between two evaluations."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Any

from numpy.typing import NDArray

from digit_tui.insight.confusion import matrix_of
from digit_tui.insight.significance import Comparison, compare_predictions
from digit_tui.nn import PredictionHistory

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ConfusionChange:
    """Two predictions for the same digits, compared."""

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


def confusion_change(labels: Array, first: Array, second: Array, classes: int) -> ConfusionChange:
    """Compare two predictions (n,) for digits with these labels (n,)."""
    return ConfusionChange(
        matrix_of(labels, first, classes),
        matrix_of(labels, second, classes),
        compare_predictions(labels, first, second),
    )


def epoch_before(history: PredictionHistory, epoch: float) -> tuple[int, Array] | None:
    """The last evaluation before a position: its epoch and predictions (n,) uint8, or None.

    Args:
        history: the predictions at the end of each epoch.
        epoch: a position in epochs; an evaluation right there is not before it.
    """
    before = islice(history.walk(), bisect_left(history.epochs, epoch))
    return next(iter(deque(before, maxlen=1)), None)
