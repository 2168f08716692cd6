"""What to say of an image: its class, two classes to choose from, or that it is not a digit.

A classifier that may reject: Chow (1970), "On optimum character recognition error and reject
tradeoff".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation

Array = NDArray[Any]

SURE = 0.9
"""The probability from which an answer is given. By Chow's rule it is right to reject below 1 - d
where a rejection costs d times as much as an error: here a tenth."""

NOT_A_DIGIT = "not a digit"


class Answer(NamedTuple):
    """What is said of one image."""

    classes: tuple[int, ...]
    """One; two, the more probable first; or none: it is not a digit."""
    probabilities: tuple[float, ...]
    """Of these classes."""


def answer(probabilities: Array, score: float, threshold: float) -> Answer:
    """Answer for one image.

    Args:
        probabilities: (classes,) calibrated, at least two.
        score: of a `NoveltyScorer`.
        threshold: the highest score of a digit.

    Returns:
        One class if its probability is SURE, two if theirs together is. Else none, and also if the
        score is above the threshold, or no number.
    """
    count = int(_counts(probabilities[None], np.array([score]), threshold)[0])
    classes = np.argsort(-probabilities, kind="stable")[:count]
    return Answer(tuple(map(int, classes)), tuple(float(probabilities[each]) for each in classes))


def answer_words(given: Answer) -> str:
    """For example "2 (97.3%)", "2 or 7 (61.0%, 38.2%)" or "not a digit"."""
    if not given.classes:
        return NOT_A_DIGIT
    shares = ", ".join(f"{each:.1%}" for each in given.probabilities)
    return f"{' or '.join(map(str, given.classes))} ({shares})"


@dataclass(frozen=True)
class Coverage:
    """What was answered for a set of labelled digits."""

    total: int
    one: int
    """Digits that were answered with one class."""
    one_right: int
    """Of these, those of that class."""
    two: int
    """Digits that were answered with two classes."""
    two_right: int
    """Of these, those of one of the two."""

    @property
    def refused(self) -> int:
        """Digits that were taken for none."""
        return self.total - self.one - self.two

    @property
    def words(self) -> list[str]:
        """In lines, for a person."""

        def line(count: int, said: str, right: int | None = None) -> str:
            rest = "" if not count or right is None else f"; {right / count:.2%} of them right"
            return f"{count / self.total:7.2%} {said}{rest}"

        return [
            line(self.one, "with one class", self.one_right),
            line(self.two, 'with two, such as "2 or 7"', self.two_right),
            line(self.refused, f'with "{NOT_A_DIGIT}"'),
        ]


def coverage(evaluation: Evaluation, scores: Array, threshold: float) -> Coverage:
    """How many digits of an evaluation are answered, and how many of the answers are right.

    Args:
        evaluation: of n digits; its probabilities should be calibrated.
        scores: (n,) of a `NoveltyScorer`.
        threshold: the highest score of a digit.
    """
    probabilities, labels = evaluation.probabilities, evaluation.labels
    counts = _counts(probabilities, scores, threshold)
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    first, either = best[:, 0] == labels, (best == labels[:, None]).any(axis=1)
    one, two = counts == 1, counts == 2
    return Coverage(
        total=len(labels),
        one=int(np.count_nonzero(one)),
        one_right=int(np.count_nonzero(one & first)),
        two=int(np.count_nonzero(two)),
        two_right=int(np.count_nonzero(two & either)),
    )


def _counts(probabilities: Array, scores: Array, threshold: float) -> Array:
    """(n,) intp: with how many classes each image is answered, 0 to 2.

    Args:
        probabilities: (n, classes)
        scores: (n,)
        threshold: the highest score of a digit.
    """
    best = np.sort(probabilities, axis=1)[:, :-3:-1].cumsum(axis=1)  # (n, 2), the largest first
    counts = np.where(best[:, 0] >= SURE, 1, np.where(best[:, 1] >= SURE, 2, 0))
    known = scores <= threshold  # not what is no number
    return np.where(known, counts, 0)
