"""What a network reads in a drawing, and what it sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Normalised, normalise_digit, resample_area
from digit_tui.insight.answers import NOT_A_DIGIT, Answer, answer_words
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network, evaluate

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Reading:
    """A drawing as a network sees it, and how probable each class is."""

    steps: Normalised
    """The drawing after each step of the normalisation, whether the network was given it or not."""
    image: Array
    """(side, side) uint8, what the network was given."""
    probabilities: Array
    """(classes,) float32, their sum is 1; NaN if the network diverged."""
    answer: Answer | None = None
    """What to say of it, where it is known what is no digit; None names the most probable class."""

    @property
    def predicted(self) -> int:
        """The most probable class."""
        return int(self.probabilities.argmax())

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
        """The answer: for example "reads 7 (97.1%)", "2 or 7" or "not a digit; most like 7"."""
        if not np.isfinite(self.probabilities).all():
            return "cannot read: it has diverged"
        if self.is_refused:
            return f"{NOT_A_DIGIT}; most like {self.predicted}"
        if self.answer is not None:
            return f"reads {answer_words(self.answer)}"
        return f"reads {self.predicted} ({self.probabilities[self.predicted]:.1%})"

    @property
    def brief_words(self) -> str:
        """The same for few columns: for example "reads 2 or 7" without their probabilities."""
        if not np.isfinite(self.probabilities).all():
            return "it has diverged"
        if self.answer is None:
            return self.words
        if self.is_refused:
            return f"{NOT_A_DIGIT}; like {self.predicted}"
        return f"reads {' or '.join(map(str, self.answer.classes))}"


def read_drawing(
    network: Network,
    ink: Array,
    normalise: bool = True,
    classifier: SelectiveClassifier | None = None,
) -> Reading:
    """Have a network read a drawing.

    Args:
        network: of square images.
        ink: (height, width) uint8, 0 background to 255 ink; square if it is not normalised.
        normalise: whether it is made as MNIST's digits were, or only shrunk.
        classifier: of that network, or of an earlier one of the run, if it may refuse to answer.
    """
    side = isqrt(network.sizes[0])
    steps = normalise_digit(ink)
    (image,) = resample_area((steps.image if normalise else ink)[None], side)
    no_label = np.zeros(1, np.uint8)  # it does not matter for probabilities
    flat = image.reshape(1, -1)
    chances = evaluate(network, flat, no_label).probabilities
    answer = None if classifier is None else classifier.answers(flat, chances)[0]
    return Reading(steps, image, chances[0], answer)
