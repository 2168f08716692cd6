"""When a network learned a digit, and how often it forgot it again.

An example is forgotten when it was classified right and no longer is: Toneva et al. (2019), "An
Empirical Study of Example Forgetting during Deep Neural Network Learning" (arXiv:1812.05159).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import PredictionHistory

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Lives:
    """When each digit was learned and forgotten, over all evaluations of a history."""

    learned: Array
    """(n,) int64, the epoch at which it was first right; -1 never."""
    forgotten: Array
    """(n,) int64, how often it went from right to wrong."""
    since: Array
    """(n,) int64, the epoch since which it has been right, or wrong, as it is now; -1 before the
    first evaluation."""
    broken: Array
    """(n,) bool, wrong now, and right at the evaluation before: at the end of the last epoch if
    there were steps since, else of the one before it."""
    fixed: Array
    """(n,) bool, the other way round."""


def lives(history: PredictionHistory, labels: Array, now: Array | None = None) -> Lives:
    """Follow all digits through a history.

    Args:
        history: the predictions for n digits, or an empty history.
        labels: (n,) their true classes.
        now: (n,) what they are predicted to be, if that may be after the last evaluation.

    Raises:
        ValueError: if the history is of another number of digits.
    """
    count = len(labels)
    if history.latest is not None and len(history.latest) != count:
        raise ValueError(f"a history of {len(history.latest)} digits, but {count} labels")
    learned = np.full(count, -1)
    forgotten = np.zeros(count, np.int64)
    since = np.full(count, -1)
    right = np.zeros(count, bool)
    gained = lost = np.empty(0, np.uint32)
    for number, (epoch, (indices, predictions)) in enumerate(
        zip(history.epochs, history.changes, strict=True)
    ):
        if number == 0:
            since[:] = epoch
        # Most changes of a prediction late in a run are flips; from wrong to wrong is none.
        turned = indices[(predictions == labels[indices]) != right[indices]]
        was_right = right[turned]
        gained, lost = turned[~was_right], turned[was_right]
        since[turned] = epoch
        forgotten[lost] += 1
        learned[gained[learned[gained] < 0]] = epoch
        right[turned] = ~was_right
    broken, fixed = np.zeros(count, bool), np.zeros(count, bool)
    if now is not None and history.latest is not None and (now != history.latest).any():
        is_right = now == labels
        broken, fixed = right & ~is_right, ~right & is_right
    elif len(history) > 1:  # before the first evaluation nothing was right
        broken[lost] = True
        fixed[gained] = True
    return Lives(learned, forgotten, since, broken, fixed)


@dataclass(frozen=True, eq=False)
class Biography:
    """What one digit was predicted to be, evaluation after evaluation."""

    label: int
    """Its true class."""
    epochs: tuple[int, ...]
    """Completed epochs at each evaluation, ascending."""
    predictions: Array
    """(evaluations,) uint8"""
    now: int | None = None
    """What it is predicted to be now, which may be after the last evaluation."""

    @property
    def right(self) -> Array:
        """(evaluations,) bool"""
        right: Array = self.predictions == self.label
        return right

    @property
    def words(self) -> str:
        """For example "first learned at epoch 3, forgotten twice, wrong since 11"."""
        if not self.epochs:
            return "not evaluated yet"
        right = self.right
        by_now = ""
        if self.now is not None and (self.now == self.label) != right[-1]:
            by_now = f", {'wrong' if right[-1] else 'right'} now"
        return self._past + by_now

    @property
    def _past(self) -> str:
        """Up to the last evaluation."""
        right = self.right
        if not right.any():
            return "never learned"
        turns = np.flatnonzero(right[1:] != right[:-1]) + 1
        since = self.epochs[turns[-1] if len(turns) else 0]
        forgotten = int(np.count_nonzero(~right[turns]))
        if not forgotten:
            return f"right since epoch {since}"
        often = {1: "once", 2: "twice"}.get(forgotten, f"{forgotten} times")
        first = self.epochs[int(right.argmax())]
        now = "right" if right[-1] else "wrong"
        return f"first learned at epoch {first}, forgotten {often}, {now} since {since}"


def biography(
    history: PredictionHistory, labels: Array, digit: int, now: int | None = None
) -> Biography:
    """The life of one digit.

    Args:
        history: the predictions for n digits, or an empty history.
        labels: (n,) their true classes.
        digit: its index, 0 to n - 1.
        now: what it is predicted to be now, if that may be after the last evaluation.
    """
    return Biography(int(labels[digit]), history.epochs, history.predictions_of(digit), now)
