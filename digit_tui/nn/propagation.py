"""Loss and back-propagation for one batch, into buffers that are made once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.network import Network, layer_views

Array = NDArray[Any]


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
    """

    def __init__(self, network: Network, batch_size: int) -> None:
        self.network = network
        self.gradient: Array = np.zeros_like(network.parameters)
        self._gradients = layer_views(self.gradient, network.sizes)
        self._outputs = network.buffers(batch_size)
        self._ones: Array = np.ones(batch_size, network.parameters.dtype)
        # The error at a hidden layer's output; the last layer's is its own output buffer.
        self._errors = network.buffers(batch_size)[:-1]

    def run(self, inputs: Array, labels: Array) -> BatchResult:
        """Compute the batch's loss, and its gradient into `self.gradient`.

        Args:
            inputs: (n, pixels) from 0 to 1; n may be smaller than the batch size.
            labels: (n,) the true classes.
        """
        count = len(inputs)
        outputs = [output[:count] for output in self._outputs]
        logits = self.network.forward(inputs, outputs)
        correct = int(np.count_nonzero(logits.argmax(axis=1) == labels))
        error, losses = cross_entropy(logits, labels)

        # Softmax and cross-entropy together have the gradient (probability - target).
        error[np.arange(count), labels] -= 1
        error /= count
        for index in reversed(range(len(outputs))):
            below = outputs[index - 1] if index else inputs
            weights_gradient, biases_gradient = self._gradients[index]
            np.matmul(below.T, error, out=weights_gradient)  # (fan_in, n) @ (n, fan_out)
            np.matmul(self._ones[:count], error, out=biases_gradient)  # sums over the batch
            if index:
                weights = self.network.layers[index].weights
                error = np.matmul(error, weights.T, out=self._errors[index - 1][:count])
                error *= below > 0  # ReLU passes the error where it passed the signal
        return BatchResult(float(losses.mean(dtype=np.float64)), correct)
