"""All that is known of a set of digits at one evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from string import ascii_uppercase
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
    """n labelled digits, how they were evaluated now and before; columns are computed on demand.

    Where a network diverged, its numbers are NaN.
    """

    evaluation: Evaluation
    history: PredictionHistory = field(default_factory=PredictionHistory)
    """The predictions for the same digits at each epoch's end."""
    members: Array | None = None
    """(members, n) what each member of a committee takes the digits for, where one is evaluated."""

    def __len__(self) -> int:
        return len(self.evaluation.labels)

    @cached_property
    def wrong(self) -> Array:
        """(n,) bool"""
        wrong: Array = self.evaluation.predictions != self.evaluation.labels
        return wrong

    @cached_property
    def all_wrong(self) -> Array:
        """(n,) bool: whether it is wrong and, of a committee, every member too."""
        if self.members is None:
            return self.wrong
        missed: Array = (self.members != self.evaluation.labels).all(axis=0)
        return self.wrong & missed

    def right_members(self, index: int) -> int:
        """How many members of a committee are right about a digit."""
        if self.members is None:
            return 0
        return int(np.count_nonzero(self.members[:, index] == self.evaluation.labels[index]))

    def named_by(self, index: int) -> dict[int, str]:
        """The letters of the members of a committee, A the first, by the class that they name."""
        if self.members is None:
            return {}
        found: dict[int, str] = {}
        for letter, named in zip(ascii_uppercase, self.members[:, index], strict=False):
            found[int(named)] = found.get(int(named), "") + letter
        return found

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
        """When each was learned and forgotten, up to the last evaluation of the history."""
        return lives(self.history, self.evaluation.labels, self.evaluation.predictions)

    @cached_property
    def suspects(self) -> Array:
        """(n,) bool, whose label the network contradicts confidently and steadily."""
        return suspects.suspects(self.evaluation, self.history)

    @cached_property
    def unbacked(self) -> Array:
        """(n,) bool, whose label human annotators did not back; known of MNIST's test set."""
        return suspects.unbacked(self.evaluation.labels)

    def doubts(self, index: int) -> list[str]:
        """Reasons to doubt its label, in words."""
        marks = ((SUSPECT, self.suspects), (UNBACKED, self.unbacked))
        return [words for words, marked in marks if marked[index]]

    def life(self, index: int) -> Biography:
        """What it was predicted to be at the end of each epoch, and now."""
        evaluation = self.evaluation
        return biography(self.history, evaluation.labels, index, int(evaluation.predictions[index]))

    def rank(self, index: int) -> int:
        """The rank of its true class by probability; 1 is the most probable class, and right."""
        # As in predictions, NaN counts as the highest, and of equal ones the first wins.
        row = np.nan_to_num(self.evaluation.probabilities[index], nan=np.inf)
        order = (-row).argsort(kind="stable")
        return int(np.flatnonzero(order == self.evaluation.labels[index])[0]) + 1

    def margin(self, index: int) -> float:
        """The probability of its true class less that of the best other class."""
        return float(self.margins[index])
