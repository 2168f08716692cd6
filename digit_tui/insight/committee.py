"""Several networks that predict together: a committee.

It takes an image for the class c with the mean of its members' probabilities,

    p(c) = 1/M sum_m softmax(logits_m / T_m)_c,

where T_m is the temperature of member m, 1 if none was fitted: Ciresan, Meier, Gambardella and
Schmidhuber (2011), "Convolutional Neural Network Committees for Handwritten Character
Classification" (arXiv:1103.4487), who average the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.answers import Answer, answer
from digit_tui.insight.calibration import calibrated
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Evaluation, Network, evaluate

Array = NDArray[Any]


def mean_probabilities(
    probabilities: Sequence[Array], temperatures: Sequence[float | None]
) -> Array:
    """What a committee makes of n images.

    Args:
        probabilities: of each member (n, classes), at temperature 1.
        temperatures: of each member; None is 1.

    Returns:
        (n, classes) float32, each row sums to 1.
    """
    total = np.zeros(probabilities[0].shape)
    for each, temperature in zip(probabilities, temperatures, strict=True):
        total += each if temperature is None else calibrated(each, temperature)
    total /= len(probabilities)
    return total.astype(np.float32)


def evaluate_together(
    members: Sequence[Evaluation], temperatures: Sequence[float | None]
) -> Evaluation:
    """The evaluation of a committee.

    Args:
        members: their evaluations of the same n images.
        temperatures: of each member; None is 1.
    """
    labels = members[0].labels
    mean = mean_probabilities([each.probabilities for each in members], temperatures)
    own = mean[np.arange(len(labels)), labels]
    least = np.finfo(mean.dtype).tiny
    return Evaluation(labels, mean, -np.log(np.maximum(own, least)))


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far the members of a committee agree, by their predictions alone."""

    labels: Array
    """(n,) the true classes."""
    predictions: Array
    """(members, n) what each takes the images for."""

    @property
    def unanimous(self) -> Array:
        """(n,) bool: whether all take it for the same class."""
        same: Array = (self.predictions == self.predictions[0]).all(axis=0)
        return same

    @property
    def disagreements(self) -> Array:
        """(members, members) the share of the images that two take for different classes.

        Fort, Hu and Lakshminarayanan (2019), "Deep Ensembles: A Loss Landscape Perspective"
        (arXiv:1912.02757), compare networks by it.
        """
        return np.array([(each != self.predictions).mean(axis=1) for each in self.predictions])

    @property
    def disagreement(self) -> float:
        """The mean of these shares, over all pairs of two members."""
        pairs = np.triu_indices(len(self.predictions), 1)
        return float(self.disagreements[pairs].mean())

    def vote(self, probabilities: Array) -> Array:
        """(n,) the class that most members name; among equals the one that is more probable.

        Args:
            probabilities: (n, classes) of the committee.
        """
        classes = np.arange(probabilities.shape[1])
        votes = (self.predictions[:, :, None] == classes).sum(axis=0)  # (n, classes)
        most = votes == votes.max(axis=1, keepdims=True)
        elected: Array = np.where(most, probabilities, -1).argmax(axis=1)
        return elected


def look_together(
    members: Sequence[tuple[Network, float | None]],
    images: Array,
    classifiers: Sequence[SelectiveClassifier] | None,
) -> tuple[Array, list[Answer | None]]:
    """The probabilities (n, classes) of images without labels, and what a committee says of each.

    An image is no digit if it is none to more than half of the members.

    Args:
        members: networks of square images, and their temperatures.
        images: (n, side, side) uint8.
        classifiers: of the members, in their order, if the committee may refuse to answer.
    """
    flat = images.reshape(len(images), -1)
    labels = np.zeros(len(images), np.uint8)  # unknown: nothing that follows from them is used
    found = [evaluate(network, flat, labels).probabilities for network, _ in members]
    chances = mean_probabilities(found, [temperature for _, temperature in members])
    if classifiers is None:
        return chances, [None] * len(images)
    known = [each.scorer.score(flat) <= each.threshold for each in classifiers]
    strange = 1 - np.mean(known, axis=0)  # (n,) the share of the members
    pairs = zip(chances, strange, strict=True)
    return chances, [answer(chance, float(share), 0.5) for chance, share in pairs]
