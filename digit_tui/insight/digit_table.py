"""All that is known of a set of digits at one look."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight import suspects
from digit_tui.insight.biography import Biography, Lives, biography, lives
from digit_tui.nn import Evaluation, PredictionHistory

Array = NDArray[Any]

SUSPECT = "suspect"
UNBACKED = "annotators did not back the label"


@dataclass(frozen=True, eq=False)
class DigitTable:
    """One look at n labelled digits, and those before it; each number is computed when asked for.

    Where a network diverged, its numbers are NaN.
    """

    evaluation: Evaluation
    history: PredictionHistory = field(default_factory=PredictionHistory)
    """The predictions for the same digits at each epoch's end."""

    def __len__(self) -> int:
        return len(self.evaluation.labels)

    @cached_property
    def wrong(self) -> Array:
        """(n,) bool"""
        wrong: Array = self.evaluation.predictions != self.evaluation.labels
        return wrong

    @cached_property
    def confidences(self) -> Array:
        """(n,) float32, the probability of the predicted class."""
        highest: Array = self.evaluation.probabilities.max(axis=1)
        return highest

    @cached_property
    def margins(self) -> Array:
        """(n,) float32, from -1 to 1: the probability of the true class less the best other's.

        Schapire et al. (1998), "Boosting the margin", with probabilities for votes.
        """
        rows = np.arange(len(self))
        others = self.evaluation.probabilities.copy()
        own = others[rows, self.evaluation.labels]
        others[rows, self.evaluation.labels] = 0
        best: Array = others.max(axis=1)
        return own - best

    @cached_property
    def lives(self) -> Lives:
        """When each was learned and forgotten, as of the history's last look."""
        return lives(self.history, self.evaluation.labels)

    @cached_property
    def suspects(self) -> Array:
        """(n,) bool, whose label the network contradicts confidently and steadily."""
        return suspects.suspects(self.evaluation, self.history)

    @cached_property
    def unbacked(self) -> Array:
        """(n,) bool, whose label human annotators did not back; known of MNIST's test set."""
        return suspects.unbacked(self.evaluation.labels)

    def doubts(self, digit: int) -> list[str]:
        """What there is against its label, in words."""
        marks = ((SUSPECT, self.suspects), (UNBACKED, self.unbacked))
        return [words for words, marked in marks if marked[digit]]

    def life(self, digit: int) -> Biography:
        """What it was taken for at each epoch's end, and now."""
        evaluation = self.evaluation
        return biography(self.history, evaluation.labels, digit, int(evaluation.predictions[digit]))

    def rank(self, digit: int) -> int:
        """Where its true class comes among the probable ones; 1 is first, and right."""
        # As in predictions, NaN counts as the highest, and of equal ones the first wins.
        row = np.nan_to_num(self.evaluation.probabilities[digit], nan=np.inf)
        order = (-row).argsort(kind="stable")
        return int(np.flatnonzero(order == self.evaluation.labels[digit])[0]) + 1

    def margin(self, digit: int) -> float:
        """The probability of its true class less that of the best other class."""
        return float(self.margins[digit])
