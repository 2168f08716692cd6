"""Test digits whose label may be wrong."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.calibration import calibrated, fit_temperature
from digit_tui.nn import Evaluation, PredictionHistory

Array = NDArray[Any]

UNBACKED = (
    947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729,
)  # fmt: skip
"""Digits of MNIST's test set whose label no majority of human annotators backed: Northcutt, Athalye
and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks"
(arXiv:2103.14749)."""

MNIST_TEST_LABELS = "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"
"""SHA-256 of the labels of MNIST's test set, a byte each."""

CONFIDENT = 0.9
"""A contradiction counts if its probability is at least this, after calibration: a network that has
overfitted is confident always. Suspects without and with calibration, and of these the unbacked:

| network | MNIST, 10,000 digits | bundled sample, 1,000 (none is unbacked) |
| --- | --- | --- |
| classic | 41 (6) and 31 (4) | 13, 17, 15 and 6, 7, 8 (seeds 0 to 2) |
| standard (8 epochs; sample: 155) | 20 (4) and 20 (4) | 1 and 1 |

The threshold of confident learning, the mean probability of the class over the digits that are
labelled so (Northcutt, Jiang and Chuang 2021, arXiv:1911.00068), leaves of the four 16 (3), 9 to
13, 1 (0) and 0: none of the unbacked in a good network.
"""
STEADY = 5
"""At so many evaluations, up to the last, the prediction must have been the same."""


def suspects(evaluation: Evaluation, history: PredictionHistory) -> Array:
    """(n,) bool: digits whose label the network contradicts confidently and steadily.

    The prediction is wrong, has at least the calibrated probability `CONFIDENT`, and was the same
    at each of the last `STEADY` evaluations; with fewer evaluations nothing is suspect.

    Raises:
        ValueError: if the history is of another number of digits.
    """
    predictions = evaluation.predictions
    latest = history.latest
    if latest is not None and len(latest) != len(predictions):
        raise ValueError(f"a history of {len(latest)} digits, but {len(predictions)} predictions")
    if latest is None or len(history) < STEADY:
        return np.zeros(len(predictions), bool)
    found: Array = (
        (predictions != evaluation.labels)
        & (evaluation.probabilities.max(axis=1) >= CONFIDENT)
        & (predictions == latest)
    )
    for change in history.changes[-(STEADY - 1) :]:
        found[change.indices] = False
    if found.any():
        found[found] = _calibrated(evaluation)[found] >= CONFIDENT
    return found


def _calibrated(evaluation: Evaluation) -> Array:
    """(n,) the probability of each prediction, at a temperature that only lowers confidence.

    A network that has learned little is not to look as if it knew.
    """
    temperature = fit_temperature(evaluation, coldest=1.0)
    if temperature == 1:
        largest: Array = evaluation.probabilities.max(axis=1)
    else:
        largest = calibrated(evaluation.probabilities, temperature).max(axis=1)
    return largest


def is_mnist_test(labels: Array) -> bool:
    """Whether labels (n,) are those of MNIST's test set, in its order."""
    return sha256(labels.astype(np.uint8).tobytes()).hexdigest() == MNIST_TEST_LABELS


def unbacked(labels: Array) -> Array:
    """(n,) bool: the `UNBACKED` digits of MNIST's test set; none of another set."""
    marked = np.zeros(len(labels), bool)
    if is_mnist_test(labels):
        marked[list(UNBACKED)] = True
    return marked


def accuracy_without(evaluation: Evaluation, mask: Array) -> tuple[int, int]:
    """Leave digits out, where `mask` (n,) bool is true.

    Returns:
        How many of the others are right, and how many there are.
    """
    right = evaluation.predictions == evaluation.labels
    return int(np.count_nonzero(right & ~mask)), int(np.count_nonzero(~mask))
