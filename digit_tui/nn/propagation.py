"""Loss and back-propagation for one batch, into buffers that are made once.

The work of a batch can be divided into parts, for as many processors: first each part takes some
of the images, then, when all have their errors, a stretch of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digit_tui.nn.network import Network, layer_views
from digit_tui.nn.parts import part_of, rows_within, shares_of_rows

Array = NDArray[Any]
Allocate = Callable[[tuple[int, ...], DTypeLike], Array]
"""(shape, dtype): makes an array of zeros."""


class BatchResult(NamedTuple):
    loss: float
    """Mean cross-entropy of the batch, in nats."""
    correct: int
    """How many of the batch's images were classified right."""


def cross_entropy(logits: Array, labels: Array) -> tuple[Array, Array]:
    """Turn logits into softmax probabilities in place, and compute each example's loss.

    The two are fused and shifted by the largest logit, so that nothing overflows and the
    logarithm never sees a zero; a NaN in the logits stays visible.

    Args:
        logits: (n, classes), overwritten with probabilities.
        labels: (n,) the true classes.

    Returns:
        The probabilities (n, classes) and the losses (n,), in nats.
    """
    rows = np.arange(len(labels))
    logits -= logits.max(axis=1, keepdims=True)
    losses = -logits[rows, labels]
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1, keepdims=True)
    losses += np.log(sums[:, 0])
    logits /= sums
    return logits, losses


class GradientPass:
    """Forward and backward through a network, for batches of up to `batch_size` images.

    Attributes:
        gradient: (parameters,) the mean gradient over the last batch, laid out as the
            network's parameters are.
        shares: the stretch of it that each part computes.
    """

    def __init__(
        self, network: Network, batch_size: int, allocate: Allocate = np.zeros, parts: int = 1
    ) -> None:
        """Make the buffers.

        Args:
            network: whose gradient it is.
            batch_size: the largest batch.
            allocate: makes the buffers, for instance in memory that the parts share.
            parts: into how many parts the work is divided.
        """
        dtype = network.parameters.dtype
        self.network = network
        self.parts = parts
        self.gradient: Array = allocate(network.parameters.shape, dtype)
        self.shares = shares_of_rows(network.sizes, parts)
        layers = range(len(network.sizes) - 1)
        self._rows = [
            [rows_within(network.sizes, layer, share) for layer in layers] for share in self.shares
        ]
        self._gradients = layer_views(self.gradient, network.sizes)
        widths = network.sizes[1:]
        self._outputs = [allocate((batch_size, width), dtype) for width in widths]
        # The error at a hidden layer's output; the last layer's is its own output buffer.
        self._errors = [allocate((batch_size, width), dtype) for width in widths[:-1]]
        self._errors.append(self._outputs[-1])
        self._ones: Array = np.ones(batch_size, dtype)

    def run(self, inputs: Array, labels: Array) -> BatchResult:
        """Compute the batch's loss, and its gradient into `self.gradient`.

        Args:
            inputs: (n, pixels) from 0 to 1; n may be smaller than the batch size.
            labels: (n,) the true classes.
        """
        results = [self.errors(inputs, labels, part) for part in range(self.parts)]
        for part in range(self.parts):
            self.gradients(inputs, part)
        loss, correct = map(sum, zip(*results, strict=True))
        return BatchResult(loss / len(inputs), int(correct))

    def errors(self, inputs: Array, labels: Array, part: int) -> tuple[float, int]:
        """Propagate a part's share of the batch forward, and its errors back.

        Args:
            inputs: (n, pixels) the whole batch.
            labels: (n,) the whole batch's.
            part: which share, 0 to parts - 1.

        Returns:
            The sum of the share's losses, and how many of its images were classified right.
        """
        rows = part_of(len(inputs), part, self.parts)
        outputs = [output[rows] for output in self._outputs]
        errors = [error[rows] for error in self._errors]
        own = labels[rows]
        logits = self.network.forward(inputs[rows], outputs)
        correct = int(np.count_nonzero(logits.argmax(axis=1) == own))
        error, losses = cross_entropy(logits, own)

        # Softmax and cross-entropy together have the gradient (probability - target).
        error[np.arange(len(own)), own] -= 1
        error /= len(inputs)
        for index in reversed(range(1, len(errors))):
            weights = self.network.layers[index].weights
            np.matmul(errors[index], weights.T, out=errors[index - 1])
            errors[index - 1] *= outputs[index - 1] > 0  # ReLU passes on what it let through
        return float(losses.sum(dtype=np.float64)), correct

    def gradients(self, inputs: Array, part: int) -> Array:
        """Compute a part's share of the gradient, when all parts have done their `errors`.

        Args:
            inputs: (n, pixels) the whole batch.
            part: which share, 0 to parts - 1.

        Returns:
            The share: `self.gradient[self.shares[part]]`.
        """
        count = len(inputs)
        for index, rows in enumerate(self._rows[part]):
            below = self._outputs[index - 1][:count] if index else inputs
            error = self._errors[index][:count]
            weights, biases = self._gradients[index]
            if rows.start < min(rows.stop, len(weights)):
                # (rows, n) @ (n, fan_out)
                np.matmul(below[:, rows].T, error, out=weights[rows])
            if rows.start < rows.stop > len(weights):
                np.matmul(self._ones[:count], error, out=biases)  # sums over the batch
        return self.gradient[self.shares[part]]
