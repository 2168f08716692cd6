"""What a network takes an image for, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.answers import NOT_A_DIGIT, Answer, answer_words
from digit_tui.insight.calibration import calibrated
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network, evaluate

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """An image, and what a network takes it for."""

    image: NDArray[np.uint8]
    """(side, side): as the network was given it."""
    probabilities: Array
    """(classes,) float32, they sum to 1; NaN if the network diverged."""
    answer: Answer | None = None
    """What to say of it; None if the network must name a class."""

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self) -> float:
        """The probability of that class."""
        return float(self.probabilities[self.predicted])

    @property
    def rival(self) -> int:
        """The next most probable class."""
        return int(self.probabilities.argsort()[-2])

    @property
    def is_refused(self) -> bool:
        """Whether it is taken for no digit."""
        return self.answer is not None and not self.answer.classes

    @property
    def words(self) -> str:
        """For example "2 or 7 (61.0%, 38.2%)" or "not a digit, most like 7 (61.0%)"."""
        named = f"{self.predicted} ({self.confidence:.1%})"
        if self.answer is None:
            return named
        words = answer_words(self.answer)
        return words if self.answer.classes else f"{words}, most like {named}"

    @property
    def brief_words(self) -> str:
        """The same in fewer: for example "7", "2 or 7" or "not a digit, like 7"."""
        if self.answer is None:
            return str(self.predicted)
        if self.is_refused:
            return f"{NOT_A_DIGIT}, like {self.predicted}"
        return " or ".join(map(str, self.answer.classes))


def look_at(
    network: Network,
    images: Array,
    classifier: SelectiveClassifier | None,
    temperature: float = 1.0,
) -> tuple[Array, list[Answer | None]]:
    """The probabilities (n, classes) of images without labels, and what to say of each.

    Args:
        network: of square images.
        images: (n, side, side) uint8.
        classifier: of that network, or of an earlier one of the run, if it may refuse to answer.
        temperature: what the network's logits are divided by; a classifier has its own.
    """
    labels = np.zeros(len(images), np.uint8)  # unknown: nothing that follows from them is used
    flat = images.reshape(len(images), -1)
    chances = evaluate(network, flat, labels).probabilities
    if classifier is None:
        tempered = chances if temperature == 1 else calibrated(chances, temperature)
        return tempered, [None] * len(images)
    return calibrated(chances, classifier.temperature), [*classifier.answers(flat, chances)]
