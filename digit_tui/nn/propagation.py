"""Loss and back-propagation for one batch, into buffers that are made once.

The work of a batch can be divided into parts, for as many processors. A part looks at some of the
pixels of all images, and multiplies them by the first layer's weights; these are most of the
weights, and each stays in the cache of one processor. Then it takes some of the images through
the other layers and back, and at last all images for its share of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digit_tui.nn.network import Network, layer_views
from digit_tui.nn.parts import part_of, share_of

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
        shares: of each part.
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
        self.shares = [share_of(network.sizes, part, parts) for part in range(parts)]
        self.gradient: Array = allocate(network.parameters.shape, dtype)
        self._gradients = layer_views(self.gradient, network.sizes)
        widths = network.sizes[1:]
        self._outputs = [allocate((batch_size, width), dtype) for width in widths]
        # What each part's pixels contribute to the first layer's output.
        self._products = [self._outputs[0]]
        self._products += [allocate((batch_size, widths[0]), dtype) for _ in range(1, parts)]
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
        own = [inputs[:, share.pixels] for share in self.shares]
        for part in range(self.parts):
            self.products(own[part], part)
        results = [self.errors(labels, part) for part in range(self.parts)]
        for part in range(self.parts):
            self.gradients(own[part], part)
        loss, correct = map(sum, zip(*results, strict=True))
        return BatchResult(loss / len(inputs), int(correct))

    def products(self, inputs: Array, part: int) -> None:
        """Multiply a part's pixels by the first layer's weights.

        Args:
            inputs: (n, its share of the pixels) of the whole batch.
            part: which part, 0 to parts - 1.
        """
        weights = self.network.layers[0].weights[self.shares[part].pixels]
        np.matmul(inputs, weights, out=self._products[part][: len(inputs)])

    def errors(self, labels: Array, part: int) -> tuple[float, int]:
        """Propagate a part of the images forward, and their errors back.

        All parts must have done their `products`.

        Args:
            labels: (n,) the whole batch's.
            part: which part, 0 to parts - 1.

        Returns:
            The sum of its images' losses, and how many of them were classified right.
        """
        count = len(labels)
        rows = part_of(count, part, self.parts)
        outputs = [output[rows] for output in self._outputs]
        errors = [error[rows] for error in self._errors]
        own = labels[rows]
        for products in self._products[1:]:
            outputs[0] += products[rows]
        logits = self.network.forward_on(outputs)
        correct = int(np.count_nonzero(logits.argmax(axis=1) == own))
        error, losses = cross_entropy(logits, own)

        # Softmax and cross-entropy together have the gradient (probability - target).
        error[np.arange(len(own)), own] -= 1
        error /= count
        for index in reversed(range(1, len(errors))):
            weights = self.network.layers[index].weights
            np.matmul(errors[index], weights.T, out=errors[index - 1])
            errors[index - 1] *= outputs[index - 1] > 0  # ReLU passes on what it let through
        return float(losses.sum(dtype=np.float64)), correct

    def gradients(self, inputs: Array, part: int) -> None:
        """Compute a part's share of the gradient.

        All parts must have done their `errors`.

        Args:
            inputs: (n, its share of the pixels) of the whole batch.
            part: which part, 0 to parts - 1.
        """
        count, share = len(inputs), self.shares[part]
        errors = [error[:count] for error in self._errors]
        # (rows, n) @ (n, fan_out)
        np.matmul(inputs.T, errors[0], out=self._gradients[0].weights[share.pixels])
        for index, rows in enumerate(share.rows):
            weights, biases = self._gradients[index]
            if rows.start < min(rows.stop, len(weights)):
                below = self._outputs[index - 1][:count, rows]
                np.matmul(below.T, errors[index], out=weights[rows])
            if rows.start < rows.stop > len(weights):
                np.matmul(self._ones[:count], errors[index], out=biases)  # sums over the batch
