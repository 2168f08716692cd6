"""A network that may refuse to answer: "2 or 7", or "not a digit", instead of a wrong class.

Selective classification: Geifman and El-Yaniv (2017, arXiv:1705.08500).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from digit_tui.data import Dataset
from digit_tui.insight.answers import Answer, Coverage, answer, coverage
from digit_tui.insight.calibration import calibrated, fit_temperature
from digit_tui.insight.novelty import NoveltyScorer, threshold_of
from digit_tui.nn import Evaluation, Network, evaluate

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

    @classmethod
    def of(
        cls,
        network: Network,
        dataset: Dataset,
        temperature: float | None = None,
        threshold: float | None = None,
    ) -> SelectiveClassifier:
        """One for a network; takes a second or two.

        What is not given comes from the validation digits, if there are some. Without them the
        threshold is that of the scorer, from training digits, and the temperature is 1.

        Args:
            network: which is not copied: its weights must stay as they are.
            dataset: that it was trained on.
            temperature: of the network, if it is known.
            threshold: the highest score of a digit, if it is known.
        """
        scorer = NoveltyScorer(network, dataset.train_images)
        if dataset.validation_images is not None:
            images, labels = dataset.split("validation")
            if threshold is None:
                threshold = threshold_of(scorer.score(images))
            if temperature is None:
                temperature = fit_temperature(evaluate(network, images, labels))
        return cls(
            scorer,
            scorer.threshold if threshold is None else threshold,
            1.0 if temperature is None else temperature,
        )

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
