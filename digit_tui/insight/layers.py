"""The layers of a network in numbers: weights, gradients, updates and activations.

A network that has diverged has facts too: those that depend on numbers that are not finite are NaN
or infinite.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Network, global_norm, outputs_in_chunks
from digit_tui.nn.network import layer_matrices

Array = NDArray[Any]


class LayerFacts(NamedTuple):
    """One layer of a network."""

    shape: tuple[int, int]
    """(fan_in, fan_out) of its weights."""
    parameters: int
    """Weights and biases."""
    weight_mean: float
    weight_deviation: float
    """Standard deviation of the weights."""
    gradient_norm: float
    """Euclidean norm of the gradient of its weights and biases, over a batch of training images,
    before clipping."""
    update_ratio: float
    """Norm of what the next step would change, over the norm of the parameters; near 1e-3 is
    healthy."""
    dead: float
    """Share of its units that are 0 on every test digit, though not switched off; 0 for the last
    layer, which has no ReLU."""
    saturated: float
    """Share of its units that are above 0 on every test digit, so that the ReLU does nothing; 0
    for the last layer."""
    activation_mean: float
    """Mean output over test digits and units that are not switched off, after the ReLU where there
    is one."""
    removed: int = 0
    """How many of the parameters are switched off or pruned."""


def share_words(share: float) -> str:
    """A share in whole per cent, near none and all in tenths: 0% only of none, 100% only of all."""
    if share in (0, 1) or 0.01 <= share <= 0.99:
        return f"{share:.0%}"
    return f"{min(max(share, 0.001), 0.999):.1%}"


class Activity(NamedTuple):
    """The outputs of a layer's units over all images, after the ReLU where there is one."""

    mean: Array
    """(units,) float64"""
    least: Array
    """(units,)"""
    largest: Array
    """(units,)"""


def activity(network: Network, images: Array) -> list[Activity]:
    """What each layer's units put out for images (n, pixels) uint8, n at least 1."""
    widths = network.sizes[1:]
    sums = [np.zeros(width) for width in widths]
    least: list[Array] = [np.full(width, np.inf, network.parameters.dtype) for width in widths]
    largest = [-each for each in least]
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        for _, (_, *outputs) in outputs_in_chunks(network, images):
            for layer, output in enumerate(outputs):
                sums[layer] += output.sum(axis=0, dtype=np.float64)
                np.minimum(least[layer], output.min(axis=0), out=least[layer])
                np.maximum(largest[layer], output.max(axis=0), out=largest[layer])
        means = [each / len(images) for each in sums]
    return list(map(Activity, means, least, largest))


def layer_facts(
    network: Network,
    images: Array,
    gradient: Array,
    update: Array,
    removed: Array | None = None,
) -> list[LayerFacts]:
    """The facts of each layer, the first hidden layer first.

    Args:
        network: the classifier.
        images: (n, pixels) uint8, the test digits.
        gradient: (parameters,) see `NextStep`.
        update: (parameters,) see `NextStep`.
        removed: (parameters,) bool, those that are switched off or pruned. What is said of weights
            and outputs is said of the others, and a unit that is off is not counted as dead.
    """
    if removed is None:
        removed = np.zeros(len(network.parameters), np.bool_)
    vectors = (network.parameters, gradient, update, ~removed)
    matrices = zip(*(layer_matrices(each, network.sizes) for each in vectors), strict=True)
    facts: list[LayerFacts] = []
    with np.errstate(all="ignore"):
        for own, units in zip(matrices, activity(network, images), strict=True):
            parameters, gradients, updates, _ = (each.reshape(-1) for each in own)
            weights, kept, on = own[0][:-1], own[3][:-1], own[3].any(axis=0)
            used = weights[kept] if kept.any() and not kept.all() else weights
            means = units.mean[on] if on.any() else units.mean
            hidden = len(facts) < len(network.layers) - 1
            facts.append(
                LayerFacts(
                    shape=(len(weights), weights.shape[1]),
                    parameters=len(parameters),
                    weight_mean=float(used.mean(dtype=np.float64)),
                    weight_deviation=float(used.std(dtype=np.float64)),
                    gradient_norm=global_norm(gradients),
                    update_ratio=float(np.divide(global_norm(updates), global_norm(parameters))),
                    dead=_share(units.largest, (units.largest <= 0) & on) if hidden else 0.0,
                    saturated=_share(units.least, units.least > 0) if hidden else 0.0,
                    activation_mean=float(means.mean()),
                    removed=int(own[3].size - np.count_nonzero(own[3])),
                )
            )
    return facts


def _share(values: Array, true: Array) -> float:
    """The share of units for which it is true; NaN if a value is, as any comparison is false."""
    return float("nan") if np.isnan(values).any() else float(true.mean())
