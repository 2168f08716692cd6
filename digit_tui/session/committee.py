"""A committee of saved runs, evaluated: what it and its members make of the test digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from digit_tui.data import Dataset
from digit_tui.insight.committee import Agreement
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.significance import Comparison, compare, gap_words
from digit_tui.nn import Evaluation, Network
from digit_tui.storage.calibration_file import Calibration
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.saved_run import SavedRun


class Member(NamedTuple):
    """A saved run in a committee."""

    letter: str
    saved: SavedRun
    checkpoint: Checkpoint
    calibration: Calibration | None

    @property
    def network(self) -> Network:
        """What predicts."""
        return self.checkpoint.network

    @property
    def temperature(self) -> float | None:
        """That was fitted to the network; None if none was."""
        return None if self.calibration is None else self.calibration.temperature


@dataclass(frozen=True, eq=False)
class JointEvaluation:
    """A committee and its members on the same test digits."""

    dataset: Dataset
    members: list[Member]
    evaluations: list[Evaluation]
    """Of the members, at temperature 1: which class is the most probable does not depend on it."""
    together: Evaluation

    @cached_property
    def table(self) -> DigitTable:
        """What is known of the test digits; a committee has no history of them."""
        predictions = np.stack([each.predictions for each in self.evaluations])
        return DigitTable(self.together, members=predictions)

    @cached_property
    def agreement(self) -> Agreement:
        """How far the members agree."""
        assert self.table.members is not None
        return Agreement(self.together.labels, self.table.members)

    @cached_property
    def vote_correct(self) -> int:
        """How many digits are right if each member has one vote."""
        voted = self.agreement.vote(self.together.probabilities)
        return int(np.count_nonzero(voted == self.together.labels))

    @cached_property
    def best(self) -> int:
        """The place of the most accurate member, of equals that of the first."""
        return int(np.argmax([each.correct for each in self.evaluations]))

    @cached_property
    def against_best(self) -> Comparison:
        """The committee against its best member."""
        return compare(self.evaluations[self.best], self.together)

    @property
    def findings(self) -> list[tuple[str, list[str]]]:
        """What is found of them together, in words: the titles, and of each its sentences."""
        best = self.members[self.best].letter
        return [
            (
                f"Against {best}",
                [
                    f"{gap_words(self.against_best)}; {self.against_best.words}",
                    f"{best} was chosen as the best by these same digits, "
                    "which flatters it a little",
                ],
            ),
            (
                "Agreement",
                [
                    f"all members name the same class for {np.mean(self.agreement.unanimous):.2%} "
                    f"of the digits; two of them differ on {self.agreement.disagreement:.2%} "
                    "on average"
                ],
            ),
            ("Vote", [self._vote_words]),
            ("Mistakes", [self._mistakes_words]),
        ]

    @property
    def _vote_words(self) -> str:
        share = f"{self.vote_correct / self.together.total:.2%}"
        return f"{share}, if each member had one; of a tie the surer class wins"

    @property
    def _mistakes_words(self) -> str:
        wrong = int(np.count_nonzero(self.table.wrong))
        if not wrong:
            return "none"
        by_all = int(np.count_nonzero(self.table.all_wrong))
        same = int(np.count_nonzero(self.table.all_wrong & self.agreement.unanimous))
        of_all = f"{by_all:,} of them every member makes, {same:,} with the same answer"
        return f"{wrong:,} remain; {of_all}"
