"""Distillation: a network learns what a teacher says of each image, beside its label.

Hinton, Vinyals and Dean (2015), "Distilling the Knowledge in a Neural Network" (arXiv:1503.02531).
Let p_T be the softmax of a network's logits divided by the temperature T, and q_T the same of the
teacher. With the weight a, the loss of an image of class y is

    (1 - a) CE(y, p_1) + a T^2 KL(q_T || p_T),

and its gradient by the logits (1 - a) (p_1 - y) + a T (p_T - q_T). Without T^2 the second part
would fade as the temperature rises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.metrics import outputs_in_chunks
from digit_tui.nn.network import Network

Array = NDArray[Any]


class SoftTargets(NamedTuple):
    """What a teacher says of the images of a batch, and how much that counts."""

    probabilities: Array
    """(n, classes) q_T of all images of the batch."""
    temperature: float
    """T, above 0."""
    weight: float
    """a, from 0 to 1: 0 is to learn from the labels alone."""

    def pull(self, logits: Array, rows: slice) -> Array:
        """(n, classes) a T (p_T - q_T) for some images of the batch.

        Args:
            logits: (n, classes) theirs.
            rows: which images of the batch they are.
        """
        pull = tempered_softmax(logits, self.temperature)
        pull -= self.probabilities[rows]
        pull *= self.weight * self.temperature
        return pull


def tempered_softmax(logits: Array, temperature: float) -> Array:
    """(n, classes) the softmax of logits (n, classes) that are divided by a temperature."""
    chances: Array = logits / temperature
    chances -= chances.max(axis=1, keepdims=True)
    np.exp(chances, out=chances)
    chances /= chances.sum(axis=1, keepdims=True)
    return chances


def teacher_outputs(members: Sequence[tuple[Network, float]], images: Array, out: Array) -> None:
    """The mean of the members' softmaxes, for images (n, pixels) uint8.

    Args:
        members: the networks of the teacher, and what the logits of each are divided by.
        images: (n, pixels) uint8.
        out: (n, classes) where the probabilities go.
    """
    out[:] = 0
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        for network, temperature in members:
            for chunk, layers in outputs_in_chunks(network, images):
                out[chunk] += tempered_softmax(layers[-1], temperature)
    out /= len(members)
