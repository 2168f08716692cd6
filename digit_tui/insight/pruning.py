"""How many of its smallest weights a network can do without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation, Network, evaluate
from digit_tui.nn.network import layer_views

Array = NDArray[Any]

SHARES = tuple(percent / 100 for percent in range(0, 100, 5))


class Pruned(NamedTuple):
    """A network without some of its weights."""

    share: float
    """How many of the weights are 0, from 0 to 1."""
    evaluation: Evaluation


def magnitude_order(network: Network) -> Array:
    """Where in `network.parameters` the weights are, the smallest magnitude first; without biases.

    All layers are compared together (Han et al. 2015, arXiv:1506.02626). Equal ones, and last those
    that are no number, come in the order of the vector.

    Returns:
        (weights,) intp.
    """
    is_weight = np.zeros(len(network.parameters), np.bool_)
    for weights, _ in layer_views(is_weight, network.sizes):
        weights[...] = True
    places = np.flatnonzero(is_weight)
    order: Array = places[np.abs(network.parameters[places]).argsort(kind="stable")]
    return order


def prune_by_magnitude(
    network: Network, images: Array, labels: Array, shares: Sequence[float] = SHARES
) -> Iterator[Pruned]:
    """Evaluate a network with more and more of its weights set to 0, without training it again.

    Works on a copy. A caller can stop after each share.

    Args:
        network: the classifier.
        images: (n, pixels) uint8.
        labels: (n,) the true classes.
        shares: how many of the weights to leave out, from 0 to 1, rising.

    Yields:
        One result for each share.
    """
    pruned = network.copy()
    order = magnitude_order(network)
    for share in shares:
        pruned.parameters[order[: round(share * len(order))]] = 0
        yield Pruned(share, evaluate(pruned, images, labels))
