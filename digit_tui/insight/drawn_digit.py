"""What a network reads in a drawing, and what it sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from digit_tui.data import Normalised, normalise_digit, resample_area
from digit_tui.insight.reading import Array, Reading, look_at
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network


@dataclass(frozen=True, eq=False, kw_only=True)
class DrawingReading(Reading):
    """A drawing as a network sees it, and what it takes it for."""

    steps: Normalised
    """The drawing after each step of the normalisation, whether the network was given it or not."""

    @property
    def title(self) -> str:
        """For example "reads 7 (97.1%)" or "not a digit, most like 7 (61.0%)"."""
        if not np.isfinite(self.probabilities).all():
            return "cannot read: it has diverged"
        return self.words if self.is_refused else f"reads {self.words}"

    @property
    def likeness(self) -> str:
        """For example "most like 7 (97.1%)", where nobody knows yet whether it is a digit."""
        if not np.isfinite(self.probabilities).all():
            return self.title
        return f"most like {self.predicted} ({self.confidence:.1%})"

    @property
    def brief_title(self) -> str:
        """The same for few columns: for example "reads 2 or 7" without their probabilities."""
        if not np.isfinite(self.probabilities).all():
            return "it has diverged"
        if self.answer is None:
            return self.title
        return self.brief_words if self.is_refused else f"reads {self.brief_words}"


def read_drawing(
    network: Network,
    ink: Array,
    normalise: bool = True,
    classifier: SelectiveClassifier | None = None,
) -> DrawingReading:
    """Have a network read a drawing.

    Args:
        network: of square images.
        ink: (height, width) uint8, 0 background to 255 ink; square if it is not normalised.
        normalise: whether it is made as MNIST's digits were, or only shrunk.
        classifier: of that network, or of an earlier one of the run, if it may refuse to answer.
    """
    side = isqrt(network.sizes[0])
    steps = normalise_digit(ink)
    images = resample_area((steps.image if normalise else ink)[None], side)
    (chances,), (answer,) = look_at(network, images, classifier)
    return DrawingReading(image=images[0], probabilities=chances, answer=answer, steps=steps)
