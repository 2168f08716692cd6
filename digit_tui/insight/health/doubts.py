"""What an evaluation says of the labels, for the rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.health.record import Doubts, TrainingCheck
from digit_tui.insight.suspects import suspects
from digit_tui.nn import Evaluation, Network, PredictionHistory, evaluate

Array = NDArray[Any]

CHECKED = 2_000
"""Training images that are classified to compare them with the monitored ones: their accuracy is
known to about a point, and it takes as long as a fifth of MNIST's test set."""


def doubts_of(evaluation: Evaluation, history: PredictionHistory) -> Doubts:
    """The suspects, and how well confidence tells right digits from wrong ones.

    Args:
        evaluation: of the monitored split.
        history: its predictions at the end of each epoch.
    """
    found = int(np.count_nonzero(suspects(evaluation, history)))
    return Doubts(evaluation.total, evaluation.correct, found, separation(evaluation))


def separation(evaluation: Evaluation) -> float | None:
    """The probability that a digit which is right has a higher confidence than one that is wrong.

    It is the area under the ROC curve of confidence, in the form of Mann and Whitney (1947); equal
    confidences count half. None where all are right, or all wrong, or where the network diverged.
    """
    confidences = evaluation.probabilities.max(axis=1)
    right = evaluation.predictions == evaluation.labels
    count = int(np.count_nonzero(right))
    if not 0 < count < len(right) or not np.isfinite(confidences).all():
        return None
    _, places, counts = np.unique(confidences, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[places]  # equal ones share the mean of their ranks
    above = float(ranks[right].sum()) - count * (count + 1) / 2
    return above / (count * (len(right) - count))


def training_check(
    network: Network, images: Array, labels: Array, evaluation: Evaluation
) -> TrainingCheck:
    """How many training images a network classifies right, of about `CHECKED` at equal distances.

    Args:
        network: the evaluated one.
        images: (n, pixels) uint8, the training images.
        labels: (n,) their classes.
        evaluation: of the network, on the monitored split.
    """
    every = -(-len(labels) // CHECKED)
    found = evaluate(network, images[::every], labels[::every])
    return TrainingCheck(found.total, found.correct, evaluation.accuracy)
