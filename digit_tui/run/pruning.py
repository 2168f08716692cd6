"""How many of its smallest weights the network of a run can do without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from numpy.typing import NDArray

from digit_tui.nn import Evaluation, Network, evaluate
from digit_tui.run.events import Inspected

Array = NDArray[Any]

SHARES = tuple(percent / 100 for percent in range(0, 100, 5))


class Pruned(NamedTuple):
    """A network without some of its weights."""

    share: float
    """How many of the weights are 0, from 0 to 1."""
    evaluation: Evaluation


def prune_by_magnitude(
    inspected: Inspected, images: Array, labels: Array, shares: Sequence[float] = SHARES
) -> Iterator[Pruned]:
    """Evaluate the network of a run as the command `Prune` would leave it, share after share.

    What is pruned now is put back first; units that are off stay off. Works on a copy, which is not
    trained on. A caller can stop after each share.

    Args:
        inspected: the state of the run.
        images: (n, pixels) uint8.
        labels: (n,) the true classes.
        shares: how many of the weights to leave out, from 0 to 1.

    Yields:
        One result for each share.
    """
    sizes, state = inspected.network.sizes, inspected.state.copy()
    evaluated = Network(sizes, state.evaluated)
    for share in shares:
        settings = replace(state.settings, pruned=share)
        state.change_removed(settings, sizes)
        state.settings = settings
        yield Pruned(share, evaluate(evaluated, images, labels))
