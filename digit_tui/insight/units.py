"""The units of a layer: what they answer to, how often, and how much they matter.

Layers are counted from 1, the last one is the output layer; units from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation, Network, cross_entropy, evaluate, outputs_in_chunks

Array = NDArray[Any]
Order = Literal["importance", "activity", "index"]


class LayerUnits(NamedTuple):
    """The units of one layer, over a set of digits. All arrays have the network's type."""

    layer: int
    """Counted from 1."""
    activations: Array
    """(n, units) the output for each digit: after the ReLU, or the logits of the last layer."""
    class_means: Array
    """(units, classes) mean activation for the digits of a class; NaN if there are none."""
    active: Array
    """(units,) share of the digits on which it is above 0."""
    importance: Array
    """(units,) in nats, see `layer_units`."""

    def order(self, by: Order, of_class: int = 0) -> Array:
        """(units,) intp, the units sorted: the most important or active first, equal ones by index.

        Args:
            by: importance, mean activation for the digits of a class, or index.
            of_class: which one, for activity.
        """
        keys = {
            "importance": -self.importance,
            "activity": -self.class_means[:, of_class],
            "index": np.arange(len(self.importance)),
        }
        order: Array = keys[by].argsort(kind="stable")  # what is no number comes last
        return order


def layer_activations(network: Network, images: Array, layer: int) -> Array:
    """(n, units) the output of a layer for images (n, pixels) uint8, as in `LayerUnits`."""
    activations = np.empty((len(images), network.sizes[layer]), network.parameters.dtype)
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        for chunk, outputs in outputs_in_chunks(network, images):
            activations[chunk] = outputs[layer]
    return activations


def layer_units(network: Network, images: Array, labels: Array, layer: int) -> LayerUnits:
    """Run a network on digits, and see what the units of a layer do.

    Importance is the mean over the digits of |activation * gradient of the digit's loss|: to the
    first order, how much the loss changes if the unit gives 0 (Molchanov et al. 2017,
    arXiv:1611.06440, equation 8). One pass ranks all units, and those that come last can be left
    out together. With the sign, a unit that helps as many digits as it harms would seem to do
    nothing. What a single unit's absence costs, `evaluate_without` tells exactly.

    Args:
        network: the classifier.
        images: (n, pixels) uint8.
        labels: (n,) the true classes.
        layer: which one, from 1 to `len(network.layers)`.
    """
    dtype = network.parameters.dtype
    count, width, classes = len(images), network.sizes[layer], network.sizes[-1]
    activations = np.empty((count, width), dtype)
    sums = np.zeros((classes, width))
    importance = np.zeros(width)
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        for chunk, outputs in outputs_in_chunks(network, images):
            own, true = activations[chunk], labels[chunk]
            own[...] = outputs[layer]  # before the logits are overwritten
            gradient = _loss_gradient(network, outputs, true, layer)
            gradient *= own
            importance += np.abs(gradient, out=gradient).sum(axis=0, dtype=np.float64)
            sums += (np.arange(classes)[:, None] == true).astype(dtype) @ own
        members = np.bincount(labels, minlength=classes)
        means = (sums / members[:, None]).T
        return LayerUnits(
            layer,
            activations,
            means.astype(dtype),
            np.count_nonzero(activations > 0, axis=0).astype(dtype) / dtype.type(count),
            (importance / count).astype(dtype),
        )


def _loss_gradient(network: Network, outputs: list[Array], labels: Array, layer: int) -> Array:
    """The gradient of each digit's own loss at a layer's outputs, (count, units).

    Args:
        network: the classifier.
        outputs: what `outputs_in_chunks` gives; the logits are overwritten.
        labels: (count,) the true classes.
        layer: which one.
    """
    gradient, _ = cross_entropy(outputs[-1], labels)
    gradient[np.arange(len(labels)), labels] -= 1  # softmax and cross-entropy together
    for above in range(len(network.layers), layer, -1):
        if above < len(network.layers):
            gradient *= outputs[above] > 0  # ReLU passes on what it let through
        gradient = gradient @ network.layers[above - 1].weights.T  # (count, fan_in)
    return gradient


def without_units(network: Network, layer: int, units: Sequence[int] | Array) -> Network:
    """A copy of a network in which some units of a layer give 0 for every digit."""
    changed = network.copy()
    weights, biases = changed.layers[layer - 1]
    weights[:, units] = 0
    biases[units] = 0
    return changed


def evaluate_without(
    network: Network, images: Array, labels: Array, layer: int, units: Sequence[int] | Array
) -> Evaluation:
    """Classify images (n, pixels) uint8 with some units of a layer off; exact."""
    return evaluate(without_units(network, layer, units), images, labels)
