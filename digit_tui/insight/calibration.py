"""Whether a network is as sure as it is right: temperature, calibration error, risk by coverage."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation

Array = NDArray[Any]

BINS = 15
"""Of equal width, as in Guo et al. (2017), so that the error can be compared with published ones.
Bins of equal count would put all but one of them above 0.99, where a diagram shows nothing."""
COLDEST, HOTTEST = 0.1, 1_000.0
"""Bounds of a temperature."""
EXACT = 1e-4
"""How exact a temperature is, as a part of it."""
WANTED_ACCURACY = 0.999
"""Of the digits that are answered, for the coverage that is reported."""


def fit_temperature(evaluation: Evaluation, coldest: float = COLDEST) -> float:
    """What the logits are divided by so that the loss on these digits is lowest.

    Temperature scaling, Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural
    Networks" (arXiv:1706.04599). The loss is convex in the inverse temperature, so its slope is
    bisected.

    Args:
        evaluation: of digits that the network was not trained on.
        coldest: the least temperature; 1 only lowers confidence.

    Returns:
        From `coldest` to `HOTTEST`. 1 where no digit is wrong, as the loss then has no minimum, and
        where the network has diverged.
    """
    if evaluation.correct == evaluation.total or not np.isfinite(evaluation.probabilities).all():
        return 1.0
    logits, labels = _log(evaluation.probabilities), evaluation.labels
    own = logits[np.arange(len(labels)), labels].mean()

    def slope(temperature: float) -> float:
        """Of the loss, by the inverse temperature."""
        return float((_softmax(logits / temperature) * logits).sum(axis=1).mean() - own)

    low, high = coldest, HOTTEST
    if slope(low) <= 0:
        return low
    while high > low * (1 + EXACT):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float((low * high) ** 0.5)


def calibrated(probabilities: Array, temperature: float) -> Array:
    """(n, classes) float64: probabilities (n, classes) as they are at a temperature."""
    return _softmax(_log(probabilities) / temperature)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Digits by how sure the network is of them, in `BINS` bins of equal width from 0 to 1."""

    counts: Array
    """(bins,) digits."""
    confidence: Array
    """(bins,) their mean largest probability; NaN in an empty bin."""
    accuracy: Array
    """(bins,) the share of them that is right; NaN in an empty bin."""

    @property
    def edges(self) -> Array:
        """(bins + 1,) from 0 to 1; a bin has its upper edge."""
        return np.linspace(0, 1, len(self.counts) + 1)

    @property
    def error(self) -> float:
        """The mean distance of confidence and accuracy, weighted with the counts: 0 to 1."""
        there = self.counts > 0
        gaps = np.abs(self.accuracy - self.confidence)[there]
        return float((gaps * self.counts[there]).sum() / self.counts.sum())


def reliability(probabilities: Array, labels: Array, bins: int = BINS) -> Reliability:
    """Sort digits into bins by the probability of the predicted class.

    Args:
        probabilities: (n, classes), finite, each row sums to 1.
        labels: (n,) the true classes.
        bins: how many.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    places = np.searchsorted(edges[1:-1], confidence, side="left")
    counts = np.bincount(places, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = np.bincount(places, confidence, bins) / counts
        accuracy = np.bincount(places, right, bins) / counts
    return Reliability(counts, means, accuracy)


def expected_calibration_error(probabilities: Array, labels: Array, bins: int = BINS) -> float:
    """The mean distance of confidence and accuracy, as a fraction.

    Naeini, Cooper and Hauskrecht (2015), "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning"; see `reliability`.
    """
    return reliability(probabilities, labels, bins).error


def negative_log_likelihood(probabilities: Array, labels: Array) -> float:
    """Mean -log of the probability (n, classes) of the labels (n,), in nats."""
    own = probabilities[np.arange(len(labels)), labels]
    return float(-_log(own).mean(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """What happens if only the digits that the network is surest of are answered.

    Geifman and El-Yaniv (2017), "Selective Classification for Deep Neural Networks"
    (arXiv:1705.08500). Digits of equal confidence are answered together.
    """

    confidence: Array
    """(k,) the least that is answered, falling."""
    answered: Array
    """(k,) digits, rising to all."""
    wrong: Array
    """(k,) of those."""

    @property
    def coverage(self) -> Array:
        """(k,) the share of the digits that is answered."""
        shares: Array = self.answered / self.answered[-1]
        return shares

    @property
    def risk(self) -> Array:
        """(k,) the share of the answered digits that is wrong."""
        shares: Array = self.wrong / self.answered
        return shares

    @property
    def area(self) -> float:
        """Under the risk, by coverage: the mean risk; 0 if nothing is wrong."""
        return float((self.risk * np.diff(self.coverage, prepend=0.0)).sum())

    def coverage_at(self, accuracy: float) -> float:
        """The largest share of digits that can be answered with this accuracy; 0 if none can."""
        allowed = (1 - accuracy) * self.answered + 1e-9  # 0.1% of 1,000 is one
        enough = np.flatnonzero(self.wrong <= allowed)
        return float(self.coverage[enough[-1]]) if len(enough) else 0.0


def risk_coverage(probabilities: Array, labels: Array) -> RiskCoverage:
    """The curve of digits with probabilities (n, classes) and labels (n,)."""
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence = confidence[order]
    wrong = np.cumsum((probabilities.argmax(axis=1) != labels)[order])
    ends = np.append(np.flatnonzero(np.diff(sorted_confidence)), len(order) - 1)
    return RiskCoverage(sorted_confidence[ends], ends + 1, wrong[ends])


@dataclass(frozen=True, eq=False)
class Measures:
    """How well calibrated a network is at a temperature."""

    temperature: float
    reliability: Reliability
    nll: float
    """Negative log-likelihood in nats."""
    curve: RiskCoverage

    @property
    def ece(self) -> float:
        """Expected calibration error, as a fraction."""
        return self.reliability.error

    @property
    def coverage(self) -> float:
        """Share of the digits that is answered at `WANTED_ACCURACY`."""
        return self.curve.coverage_at(WANTED_ACCURACY)


def measure(evaluation: Evaluation, temperature: float = 1.0) -> Measures | None:
    """Measure a network on labelled digits at a temperature; None if it has diverged."""
    if not isfinite(float(evaluation.probabilities.sum())):
        return None
    chances, labels = calibrated(evaluation.probabilities, temperature), evaluation.labels
    return Measures(
        temperature,
        reliability(chances, labels),
        negative_log_likelihood(chances, labels),
        risk_coverage(chances, labels),
    )


def _log(probabilities: Array) -> Array:
    """Logits, up to a constant; of a probability that was rounded to 0 those of the least one."""
    least = np.finfo(probabilities.dtype).tiny
    logits: Array = np.log(np.maximum(probabilities, least), dtype=np.float64)
    return logits


def _softmax(logits: Array) -> Array:
    """(n, classes), the logits at most 0."""
    powers = np.exp(logits)
    normalized: Array = powers / powers.sum(axis=1, keepdims=True)
    return normalized
