"""The mistakes that the network finds hardest, each at the same place while it stays one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from digit_tui.insight.selection import highest_first
from digit_tui.run.events import Evaluated

STAYS = 2
"""A digit stays until this many times as many as there are places for are harder."""

LEAVING = 3
"""Of so many places one is left to a digit that is no mistake any more, at most."""


class Shown(NamedTuple):
    """A digit at its place."""

    digit: int
    """Its index in the split."""
    fixed: bool = False
    """It was a mistake at the evaluation before, and no longer is."""


class HardestMistakes:
    """Which digit is shown where; the eye need not search for it after every evaluation.

    Attributes:
        places: the digits shown, in the order of their places.
    """

    def __init__(self) -> None:
        self.places: list[Shown] = []
        self._evaluated: Evaluated | None = None

    def update(self, evaluated: Evaluated, count: int) -> None:
        """Show the mistakes with the highest loss.

        One that was fixed stays for one more evaluation, so that it is seen.

        Args:
            evaluated: the latest evaluation.
            count: how many places there are.
        """
        evaluation, before = evaluated.evaluation, self._evaluated
        if evaluated is before and len(self.places) == count:
            return
        wrong = evaluation.predictions != evaluation.labels
        mistakes = np.flatnonzero(wrong)
        hardest = mistakes[highest_first(evaluation.losses[mistakes])].tolist()
        kept: list[Shown | None] = [None] * count
        if before is not None and _same_digits(before, evaluated):
            again = set(hardest[: STAYS * count])
            leaving = max(count // LEAVING, 1)
            for place, (index, fixed) in enumerate(self.places[:count]):
                if index in again:
                    kept[place] = Shown(index, False)
                elif leaving and not wrong[index] and (not fixed or evaluated is before):
                    kept[place] = Shown(index, True)
                    leaving -= 1
        shown = {each.digit for each in kept if each is not None}
        others = iter(index for index in hardest if index not in shown)
        places = [Shown(next(others, -1), False) if each is None else each for each in kept]
        self.places = [each for each in places if each.digit >= 0]
        self._evaluated = evaluated


def _same_digits(before: Evaluated, now: Evaluated) -> bool:
    """Whether an index means the same digit: a new run may be of another dataset."""
    same_labels = np.array_equal(before.evaluation.labels, now.evaluation.labels)
    return before.split == now.split and same_labels
