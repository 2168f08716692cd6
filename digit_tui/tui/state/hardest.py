"""The mistakes that the network finds hardest, and those of them that it has just fixed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from digit_tui.insight.selection import highest_first
from digit_tui.run.events import Evaluated

LEAVING = 3
"""Of so many places one is left to a digit that is no mistake any more, at most."""


class Shown(NamedTuple):
    """A digit at its place."""

    digit: int
    """Its index in the split."""
    fixed: bool = False
    """It was a mistake at the evaluation before, and no longer is."""


class HardestMistakes:
    """Which digits are shown, in which order.

    Attributes:
        places: the digits shown, in the order of their places.
    """

    def __init__(self) -> None:
        self.places: list[Shown] = []
        self._evaluated: Evaluated | None = None
        self._fixed: list[int] = []  # of those shown before, by the evaluation that is shown

    def update(self, evaluated: Evaluated, count: int, going: bool) -> None:
        """Show the mistakes with the highest loss, the highest first.

        Those that were fixed follow until the next evaluation, so that it is seen; but where there
        may be none, because the run does not train, only mistakes are shown.

        Args:
            evaluated: the latest evaluation.
            count: how many places there are.
            going: whether the run trains.
        """
        evaluation, before = evaluated.evaluation, self._evaluated
        wrong = evaluation.predictions != evaluation.labels
        if evaluated is not before:
            same = before is not None and _same_digits(before, evaluated)
            shown = [each.digit for each in self.places if not each.fixed] if same else []
            self._fixed = [digit for digit in shown if not wrong[digit]]
            self._evaluated = evaluated
        if not going:
            self._fixed = []
        fixed = self._fixed[: max(count // LEAVING, 1)]
        mistakes = np.flatnonzero(wrong)
        hardest = mistakes[highest_first(evaluation.losses[mistakes])].tolist()
        self.places = [
            *(Shown(digit) for digit in hardest[: count - len(fixed)]),
            *(Shown(digit, True) for digit in fixed),
        ]


def _same_digits(before: Evaluated, now: Evaluated) -> bool:
    """Whether an index means the same digit: a new run may be of another dataset."""
    same_labels = np.array_equal(before.evaluation.labels, now.evaluation.labels)
    return before.split == now.split and same_labels
