"""Whether teaching a network some drawings helped: by copies that have not seen what they judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Network, evaluate

Array = NDArray[Any]

FOLDS = 5
"""Copies that each learn all but a fifth of the drawings. Each takes as long as the teaching."""

Tune = Callable[[Array, int], Network]
"""(indices of the drawings to learn, number of the copy from 1): makes a copy that learned them."""


@dataclass(frozen=True)
class Lesson:
    """How the drawings fare that a network is taught."""

    total: int
    """Those that the network had not learned before: of the others it proves nothing."""
    before: int
    """Of these, read right by the network before it."""
    after: int
    """Of these, read right, each by a copy that was taught the others but not it."""
    known: int = 0
    """Those that it had learned before."""

    @property
    def words(self) -> str:
        """For example "5 right before, 11 after, each tested unseen"."""
        if not self.total:
            return "all of them were learned before"
        new = f"of {self.total:,} new ones " if self.known else ""
        return f"{new}{self.before} right before, {self.after} after, each tested unseen"

    @property
    def short_words(self) -> str:
        """For example "13 drawings 5 → 11 right (unseen)"."""
        return f"{self.total} drawings {self.before} → {self.after} right (unseen)"


def judge(
    network: Network, images: Array, labels: Array, tune: Tune, known: Array | None = None
) -> Lesson:
    """Cross-validate what a network is taught (Stone 1974, "Cross-validatory choice and assessment
    of statistical predictions").

    Args:
        network: before it.
        images: (n, pixels) uint8, the drawings.
        labels: (n,) their classes.
        tune: teaches a copy of the network some of them.
        known: (n,) bool, those that the network has learned before; None if there are none.
    """
    new = np.ones(len(labels), np.bool_) if known is None else ~known
    before = after = 0
    for number, left_out in enumerate(folds(labels), 1):
        judged = left_out & new
        if judged.any():
            copy = tune(np.flatnonzero(~left_out), number)
            before += evaluate(network, images[judged], labels[judged]).correct
            after += evaluate(copy, images[judged], labels[judged]).correct
    total = int(np.count_nonzero(new))
    return Lesson(total, before, after, len(labels) - total)


def folds(labels: Array) -> list[Array]:
    """Which drawings (n,) bool each copy leaves out: each drawing once, of each class few at once.

    Args:
        labels: (n,) the classes.
    """
    places = np.empty(len(labels), np.intp)
    places[np.argsort(labels, kind="stable")] = np.arange(len(labels))
    return [places % FOLDS == fold for fold in range(FOLDS)]
