"""How many of its smallest weights a network can do without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from digit_tui.nn import Evaluation, Network, evaluate, smallest_weights

Array = NDArray[Any]

SHARES = tuple(percent / 100 for percent in range(0, 100, 5))


class Pruned(NamedTuple):
    """A network without some of its weights."""

    share: float
    """How many of the weights are 0, from 0 to 1."""
    evaluation: Evaluation


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
    for share in shares:
        pruned.parameters[smallest_weights(network.parameters, network.sizes, share)] = 0
        yield Pruned(share, evaluate(pruned, images, labels))
