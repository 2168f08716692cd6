"""Evaluating a network on a set of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.loss import cross_entropy
from digit_tui.nn.network import Network, scale_pixels

Array = NDArray[Any]

CHUNK = 1_000
"""Images evaluated at once: enough to keep the matrix products busy, in a few megabytes."""


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """What a network predicts for a set of labelled images."""

    labels: Array
    """(n,) uint8, the true classes."""
    probabilities: Array
    """(n, classes) float32, each row sums to 1."""
    losses: Array
    """(n,) float32, cross-entropy in nats."""

    def __repr__(self) -> str:
        """Such as <Evaluation: 972 of 1,000 right (97.20%), loss 0.0912>."""
        if not self.total:
            return "<Evaluation of no image>"
        right = f"{self.correct:,} of {self.total:,} right ({self.accuracy:.2%})"
        return f"<Evaluation: {right}, loss {self.loss:.4f}>"

    @cached_property
    def predictions(self) -> Array:
        """(n,) the most probable classes."""
        predictions: Array = self.probabilities.argmax(axis=1)
        return predictions

    @property
    def total(self) -> int:
        return len(self.labels)

    @cached_property
    def correct(self) -> int:
        return int(np.count_nonzero(self.predictions == self.labels))

    @property
    def accuracy(self) -> float:
        """Correct predictions as a fraction of all."""
        return self.correct / self.total

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return float(self.losses.mean(dtype=np.float64))


def outputs_in_chunks(network: Network, images: Array) -> Iterator[tuple[slice, list[Array]]]:
    """Run a network on images (n, pixels) uint8, a chunk at a time.

    Yields:
        Which images, and what comes out of each layer for them: first their pixels from 0 to 1,
        last the logits; (count, width) each, in buffers that are reused for the next chunk.
    """
    room = min(CHUNK, len(images))
    inputs = np.empty((room, network.sizes[0]), network.parameters.dtype)
    outputs = network.buffers(room)
    for start in range(0, len(images), CHUNK):
        chunk = slice(start, start + CHUNK)
        count = len(images[chunk])
        layers = [each[:count] for each in (inputs, *outputs)]
        network.forward(scale_pixels(images[chunk], layers[0]), layers[1:])
        yield chunk, layers


def evaluate(network: Network, images: Array, labels: Array) -> Evaluation:
    """Classify images (n, pixels) uint8 and compare with their labels (n,)."""
    dtype = network.parameters.dtype
    probabilities = np.empty((len(images), network.sizes[-1]), dtype)
    losses = np.empty(len(images), dtype)
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        for chunk, layers in outputs_in_chunks(network, images):
            probabilities[chunk], losses[chunk] = cross_entropy(layers[-1], labels[chunk])
    return Evaluation(labels, probabilities, losses)
