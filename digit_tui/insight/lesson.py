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
    before: int
    """Read right by the network before it."""
    after: int
    """Read right, each by a copy that was taught the others but not it."""

    @property
    def words(self) -> str:
        """For example "5 right before, 11 by copies that had not seen them"."""
        return f"{self.before} right before, {self.after} by copies that had not seen them"

    @property
    def short_words(self) -> str:
        """For example "13 drawings 5 → 11 right (unseen)"."""
        return f"{self.total} drawings {self.before} → {self.after} right (unseen)"


def judge(network: Network, images: Array, labels: Array, tune: Tune) -> Lesson:
    """Cross-validate what a network is taught (Stone 1974, "Cross-validatory choice and assessment
    of statistical predictions").

    Args:
        network: before it.
        images: (n, pixels) uint8, the drawings.
        labels: (n,) their classes.
        tune: teaches a copy of the network some of them.
    """
    after = 0
    for number, left_out in enumerate(folds(labels), 1):
        copy = tune(np.flatnonzero(~left_out), number)
        after += evaluate(copy, images[left_out], labels[left_out]).correct
    return Lesson(len(labels), evaluate(network, images, labels).correct, after)


def folds(labels: Array) -> list[Array]:
    """Which drawings (n,) bool each copy leaves out: each drawing once, of each class few at once.

    Args:
        labels: (n,) the classes.
    """
    places = np.empty(len(labels), np.intp)
    places[np.argsort(labels, kind="stable")] = np.arange(len(labels))
    return [places % FOLDS == fold for fold in range(FOLDS)]
