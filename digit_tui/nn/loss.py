"""Softmax and cross-entropy, fused.

Logits are shifted by the largest of their image, so that nothing overflows and the logarithm never
sees a zero; a NaN stays visible.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


def cross_entropy(logits: Array, labels: Array) -> tuple[Array, Array]:
    """Turn logits into softmax probabilities in place, and compute each example's loss.

    Args:
        logits: (n, classes), overwritten with probabilities.
        labels: (n,) the true classes.

    Returns:
        The probabilities (n, classes) and the losses (n,), in nats.
    """
    images, classes = logits.shape
    outcomes = Outcomes(images, classes, logits.dtype)
    outcomes.add(logits, labels)
    return logits, outcomes.losses


class Outcomes:
    """Collects the losses and predictions of the images of one step or several.

    A step computes only what its gradient needs. Losses are completed and right answers counted
    for all steps together: a call of NumPy costs more than its work on so few numbers.
    """

    def __init__(self, images: int, classes: int, dtype: DTypeLike) -> None:
        """Allocate the arrays.

        Args:
            images: number of images of all steps.
            classes: number of classes.
            dtype: of the logits.
        """
        self._count = 0
        self._labels = np.empty(images, np.intp)
        self._predictions = np.empty(images, np.intp)
        self._true_logits = np.empty(images, dtype)  # shifted
        self._sums = np.empty((images, 1), dtype)  # of the exponentials
        self._starts = np.arange(images) * classes  # of images in their flat logits

    def add(self, logits: Array, labels: Array) -> tuple[Array, float]:
        """Turn logits into softmax probabilities in place.

        Args:
            logits: (n, classes), contiguous, overwritten with probabilities.
            labels: (n,) the true classes.

        Returns:
            Where in the flat logits those of the true classes are, (n,); and the images' losses, in
            nats, but for a part that is always finite.
        """
        count = len(labels)
        images = slice(self._count, self._count + count)
        self._count = images.stop
        sums, starts = self._sums[images], self._starts[:count]
        self._labels[images] = labels
        # Several times quicker than the maximum of so few numbers.
        predictions = logits.argmax(axis=1, out=self._predictions[images])
        logits -= logits.take(starts + predictions)[:, None]
        true = starts + labels
        # Clipped, which never happens: else `take` would make a copy.
        true_logits = logits.take(true, out=self._true_logits[images], mode="clip")
        np.exp(logits, out=logits)
        np.add.reduce(logits, axis=1, keepdims=True, out=sums)
        logits /= sums
        return true, -float(np.add.reduce(true_logits, dtype=np.float64))

    @property
    def losses(self) -> Array:
        """(n,) the cross-entropy of each image, in nats."""
        images = slice(self._count)
        losses: Array = np.log(self._sums[images, 0]) - self._true_logits[images]
        return losses

    @property
    def right(self) -> Array:
        """(n,) bool: whether an image's true class has the largest logit, the first of equals."""
        images = slice(self._count)
        right: Array = self._predictions[images] == self._labels[images]
        return right
