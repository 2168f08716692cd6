"""A network that may refuse to answer: "2 or 7", or "not a digit", instead of a wrong class.

Selective classification: Geifman and El-Yaniv (2017, arXiv:1705.08500).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from digit_tui.insight.answers import Answer, Coverage, answer, coverage
from digit_tui.insight.calibration import calibrated
from digit_tui.insight.novelty import NoveltyScorer
from digit_tui.nn import Evaluation

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class SelectiveClassifier:
    """What to say of images, given what a network makes of them."""

    scorer: NoveltyScorer
    """Of that network."""
    threshold: float
    """The highest score of a digit."""
    temperature: float = 1.0
    """What the network's logits are divided by, so that it is right as often as it is sure."""

    def answers(self, images: Array, probabilities: Array) -> list[Answer]:
        """Answer for images (n, pixels) uint8 with the network's probabilities (n, classes)."""
        scores = self.scorer.score(images)
        chances = calibrated(probabilities, self.temperature)
        return [
            answer(each, float(score), self.threshold)
            for each, score in zip(chances, scores, strict=True)
        ]

    def coverage(self, evaluation: Evaluation, images: Array) -> Coverage:
        """What is answered of evaluated images (n, pixels) uint8, and how well."""
        chances = calibrated(evaluation.probabilities, self.temperature)
        scores = self.scorer.score(images)
        return coverage(replace(evaluation, probabilities=chances), scores, self.threshold)
