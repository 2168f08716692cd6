"""Which pixels speak for one class and against another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Network, scale_pixels

Array = NDArray[Any]


def evidence(network: Network, image: Array, for_class: int, against_class: int) -> Array:
    """Gradient times input of the difference of two logits.

    Simonyan, Vedaldi and Zisserman (2013, arXiv:1312.6034) for the gradient; times the input:
    Shrikumar et al. (2016, arXiv:1605.01713). A ReLU network is linear around an image, so the
    sum over the pixels is the difference itself, but for what the biases add.

    Args:
        network: the classifier.
        image: (pixels,) uint8.
        for_class: the class that positive numbers speak for.
        against_class: the one that negative numbers speak for.

    Returns:
        (pixels,) of the network's type (float32), in units of the logits.
    """
    inputs = scale_pixels(image[None], np.empty((1, image.size), network.parameters.dtype))
    outputs = network.buffers(1)
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        network.forward(inputs, outputs)
        gradient = logit_gradients(network, outputs, for_class, against_class)[0]
        gradient *= inputs[0]
    return gradient


def logit_gradients(
    network: Network, outputs: list[Array], for_class: int, against_class: int
) -> list[Array]:
    """The gradient of the difference of two logits, for one digit.

    Args:
        network: the classifier.
        outputs: (1, width) of each layer, hidden ones after their ReLU.
        for_class: the class whose logit is taken.
        against_class: the one whose logit is subtracted.

    Returns:
        (width,) for the pixels and for the output of each hidden layer, in this order.
    """
    weights = network.layers[-1].weights  # (fan_in, classes)
    gradient: Array = weights[:, for_class] - weights[:, against_class]
    gradients = [gradient]
    for layer, output in zip(network.layers[-2::-1], outputs[-2::-1], strict=True):
        gradient = layer.weights @ (gradient * (output[0] > 0))  # (fan_in,)
        gradients.insert(0, gradient)
    return gradients
