"""One digit on its way through a network: what each layer makes of it, and which units decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.evidence import logit_gradients
from digit_tui.insight.units import without_units
from digit_tui.nn import Network, evaluate, scale_pixels

Array = NDArray[Any]


class Contributions(NamedTuple):
    """What makes the difference of two logits: `units.sum() + rest == difference`."""

    units: Array
    """(width,) float64, of each unit of a hidden layer, in units of the logits: positive ones speak
    for the one class, negative ones for the other."""
    rest: float
    """Of the biases of the layers above."""
    difference: float

    def deciding(self, count: int) -> Array:
        """Up to `count` units that speak most for the one class, intp, the most first."""
        order = (-self.units).argsort(kind="stable")[:count]
        deciding: Array = order[self.units[order] > 0]
        return deciding


def activations(network: Network, image: Array) -> list[Array]:
    """The outputs of all layers for an image (pixels,) uint8.

    Returns:
        For each layer (width,): after the ReLU, or the logits of the last one; of the network's
        type.
    """
    return [output[0] for output in _outputs(network, image)]


def contributions(
    network: Network, image: Array, layer: int, for_class: int, against_class: int
) -> Contributions:
    """Activation times gradient of the difference of two logits, as `evidence` does for pixels.

    Shrikumar et al. (2016, arXiv:1605.01713). Above the last hidden layer the network is linear, so
    a unit contributes its activation times the difference of its two weights. Above the others it
    is linear around the image. With what the biases above the layer add, the sum is exact. It is
    computed in float64.

    Args:
        network: the classifier.
        image: (pixels,) uint8.
        layer: a hidden one, counted from 1.
        for_class: the class that positive numbers speak for.
        against_class: the one that negative numbers speak for.
    """
    exact = Network(network.sizes, network.parameters.astype(np.float64))
    outputs = _outputs(exact, image)
    with np.errstate(all="ignore"):
        gradients = logit_gradients(exact, outputs, for_class, against_class)
        biases = exact.layers[-1].biases
        rest = biases[for_class] - biases[against_class]
        for above in range(layer + 1, len(exact.layers)):
            passed = gradients[above] * (outputs[above - 1][0] > 0)
            rest += exact.layers[above - 1].biases @ passed
        logits = outputs[-1][0]
        difference = logits[for_class] - logits[against_class]
        units = gradients[layer] * outputs[layer - 1][0]
    return Contributions(units, float(rest), float(difference))


def probabilities_without(
    network: Network, image: Array, layer: int, units: Sequence[int] | Array
) -> Array:
    """(classes,) what is predicted for an image (pixels,) uint8 with some units of a layer off."""
    changed = without_units(network, layer, units)
    row: Array = evaluate(changed, image[None], np.zeros(1, np.uint8)).probabilities[0]
    return row


def _outputs(network: Network, image: Array) -> list[Array]:
    """(1, width) of each layer, hidden ones after their ReLU."""
    inputs = scale_pixels(image[None], np.empty((1, image.size), network.parameters.dtype))
    outputs = network.buffers(1)
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        network.forward(inputs, outputs)
    return outputs
