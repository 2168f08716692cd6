"""Loss and back-propagation for one batch, into buffers that are made once.

The work of a batch can be divided into shards, one for each processor. A shard multiplies some of
the pixels of all images by the first layer's weights; these are most of the weights, and each stays
in the cache of one processor. Then it takes some of the images through the other layers and back,
and finally computes the gradient of its own parameters from all images.

The first layer's biases are weights of one more input, which is always 1. Rows of its weights whose
inputs are left out, see `Inputs`, add nothing to a product and have no gradient.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.clipping import sum_of_squares
from digit_tui.nn.distillation import SoftTargets
from digit_tui.nn.inputs import Inputs
from digit_tui.nn.loss import Outcomes
from digit_tui.nn.network import Allocate, Network, layer_matrices, scale_pixels
from digit_tui.nn.sharding import shard_of, split_range

Array = NDArray[Any]


class BatchResult(NamedTuple):
    loss: float
    """Mean cross-entropy of the batch, in nats."""
    correct: int
    """How many of the batch's images were classified right."""


class GradientPass:
    """Forward and backward through a network, for batches of up to `batch_size` images.

    Attributes:
        network: whose gradient it is.
        shard_count: how many shards the work is divided into.
        shards: the parameters that belong to each shard.
        gradient: (parameters,) the mean gradient over the last batch, laid out as the
            network's parameters are.
        products: for each shard, what its inputs contribute to the first layer's output; the
            first shard's is the buffer of that output.
        outputs: of each layer, [(batch_size, width), ...].
        errors: at each layer's output, likewise; the last layer's is its own output buffer.
    """

    def __init__(
        self,
        network: Network,
        batch_size: int,
        allocate: Allocate = np.zeros,
        shard_count: int = 1,
        allocate_own: Allocate = np.zeros,
    ) -> None:
        """Make the buffers.

        Args:
            network: whose gradient it is.
            batch_size: the largest batch.
            allocate: makes the buffers, for instance in memory that workers share.
            shard_count: how many shards the work is divided into.
            allocate_own: makes the buffers that only one shard uses.
        """
        dtype = network.parameters.dtype
        self.network = network
        self.shard_count = shard_count
        self.shards = [shard_of(network.sizes, index, shard_count) for index in range(shard_count)]
        self.gradient: Array = allocate(network.parameters.shape, dtype)
        widths = network.sizes[1:]
        self.outputs = [allocate((batch_size, width), dtype) for width in widths]
        self.products = [self.outputs[0]]
        self.products += [allocate((batch_size, widths[0]), dtype) for _ in range(1, shard_count)]
        self.errors = [allocate((batch_size, width), dtype) for width in widths[:-1]]
        self.errors.append(self.outputs[-1])
        # For each shard the weights of its rows that are kept, later their gradient and, for those
        # that are left out, a row of zeros.
        heights = [shard.inputs.stop - shard.inputs.start + 1 for shard in self.shards]
        self.gathered = [allocate_own((height, widths[0]), dtype) for height in heights]
        self._made: dict[tuple[int, int], ShardPass] = {}

    def run(self, inputs: Array, labels: Array, soft: SoftTargets | None = None) -> BatchResult:
        """Compute the batch's cross-entropy, and the gradient of its loss into `self.gradient`.

        Args:
            inputs: (n, pixels) from 0 to 1; n may be smaller than the batch size.
            labels: (n,) the true classes.
            soft: what a teacher says of the images; None if the loss is the cross-entropy.
        """
        passes = [self.shard_pass(len(inputs), index) for index in range(self.shard_count)]
        with_one = np.pad(inputs, ((0, 0), (0, 1)), constant_values=1)
        own = [Inputs(with_one[:, shard.inputs]) for shard in self.shards]
        for each, of_shard in zip(passes, own, strict=True):
            each.multiply(of_shard)
        outcomes = Outcomes(len(inputs), self.network.sizes[-1], self.gradient.dtype)
        for each in passes:
            each.propagate(labels, outcomes, soft)
        for each, of_shard in zip(passes, own, strict=True):
            each.differentiate(of_shard)
        loss = float(outcomes.losses.mean(dtype=np.float64))
        return BatchResult(loss, int(np.count_nonzero(outcomes.right)))

    def shard_pass(self, images: int, index: int) -> ShardPass:
        """A shard's work on batches of so many images; an epoch has batches of two sizes."""
        key = images, index
        if key not in self._made:
            self._made[key] = ShardPass(self, images, index)
        return self._made[key]


class ShardPass:
    """One shard's work on a batch of a certain size.

    It uses the buffers through views that are made once: for a small network it takes as long to
    make the views as to compute with them.
    """

    def __init__(self, buffers: GradientPass, images: int, index: int) -> None:
        shard = buffers.shards[index]
        self._rows = rows = split_range(images, index, buffers.shard_count)
        self._network = network = buffers.network
        self._images = images
        self._weights = layer_matrices(network.parameters, network.sizes)[0][shard.inputs]
        self._gathered = buffers.gathered[index]
        self._product = buffers.products[index][:images]
        self._others = [product[rows] for product in buffers.products[1:]]
        self._outputs = [output[rows] for output in buffers.outputs]
        self._errors = [error[rows] for error in buffers.errors]
        self._passed = [np.empty(output.shape, np.bool_) for output in self._outputs[:-1]]

        gradients = layer_matrices(buffers.gradient, network.sizes)
        errors = [error[:images] for error in buffers.errors]
        ones: Array = np.ones(images, buffers.gradient.dtype)
        self._error, self._gradient = errors[0], gradients[0][shard.inputs]
        # Of the other layers: left, right and result of a product, and where all results are.
        self._rest_gradient = buffers.gradient[shard.rest]
        self._rest: list[tuple[Array, Array, Array]] = []
        for layer, own in enumerate(shard.rows, start=1):
            biases = network.sizes[layer]  # the row after the units'
            units = slice(own.start, min(own.stop, biases))
            if units.start < units.stop:
                below = buffers.outputs[layer - 1][:images, units]
                self._rest.append((below.T, errors[layer], gradients[layer][units]))
            if own.start <= biases < own.stop:
                # Sums over the images.
                self._rest.append((ones, errors[layer], gradients[layer][biases]))

    def multiply(self, inputs: Inputs) -> None:
        """Multiply the shard's inputs by the first layer's weights.

        Args:
            inputs: of all images of the batch.
        """
        values, kept = inputs
        weights = self._weights
        if kept:
            room = self._gathered[: len(kept.rows)]
            weights = weights.take(kept.rows, axis=0, out=room, mode="clip")
        np.matmul(values, weights, out=self._product)

    def propagate(
        self, labels: Array, outcomes: Outcomes, soft: SoftTargets | None = None
    ) -> float:
        """Propagate the shard's images forward, and their errors back.

        All shards must have done `multiply`.

        Args:
            labels: (n,) the whole batch's.
            outcomes: what became of the shard's images is added.
            soft: what a teacher says of the batch; None if the loss is the cross-entropy.

        Returns:
            The sum of their cross-entropies, in nats, but for a term that is always finite.
        """
        outputs, errors = self._outputs, self._errors
        for product in self._others:
            outputs[0] += product
        error = self._network.forward_on(outputs)
        pull = None if soft is None else soft.pull(error, self._rows)
        true, loss = outcomes.add(error, labels[self._rows])

        # Softmax and cross-entropy together have the gradient (probability - target).
        error.reshape(-1)[true] -= 1
        if soft is not None and pull is not None:
            error *= 1 - soft.weight
            error += pull
        error /= self._images
        for index in reversed(range(1, len(errors))):
            weights = self._network.layers[index].weights
            np.matmul(errors[index], weights.T, out=errors[index - 1])
            # ReLU passes on what it let through.
            np.greater(outputs[index - 1], 0, out=self._passed[index - 1])
            errors[index - 1] *= self._passed[index - 1]
        return loss

    def differentiate(self, inputs: Inputs) -> float:
        """Compute the gradient of the shard's parameters.

        All shards must have done `propagate`.

        Args:
            inputs: of all images of the batch.

        Returns:
            The sum of its squares.
        """
        values, kept = inputs
        first = self._gathered[: len(kept.rows)] if kept else self._gradient
        np.matmul(values.T, self._error, out=first)  # (rows, n) @ (n, fan_out)
        squares = sum_of_squares(first.reshape(-1))
        if kept:
            self._gathered[len(kept.rows)] = 0  # the gradient of each row that is left out
            self._gathered.take(kept.places, axis=0, out=self._gradient, mode="clip")
        for left, right, out in self._rest:
            np.matmul(left, right, out=out)
        return squares + sum_of_squares(self._rest_gradient)


def batch_gradient(network: Network, images: Array, labels: Array) -> Array:
    """The mean gradient of the cross-entropy over one batch.

    Args:
        network: the classifier, which may have diverged: then the gradient has.
        images: (n, pixels) uint8
        labels: (n,) the true classes.

    Returns:
        (parameters,) of the network's type, laid out as its parameters are.
    """
    inputs = scale_pixels(images, np.empty(images.shape, network.parameters.dtype))
    propagation = GradientPass(network, len(images))
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        propagation.run(inputs, labels)
    return propagation.gradient
