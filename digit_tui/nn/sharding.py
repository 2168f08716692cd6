"""How the work of a step is divided into shards, which depends on the sizes and the count alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

ROW_COST = 128
"""The overhead of a row of a layer, in parameters: narrow rows take longer for their size."""
SMALL_REST = 1 / 8
"""If the layers after the first one cost less than this share of it, the last shard gets all of
them: they follow its rows of the first layer, and one span takes less time than two."""
SMALL_REST_ROWS = 24
"""Such layers take as long as so many rows of the first layer, so the last shard gets fewer of them
(the time is mostly that of calls: measured at 784-128-10)."""


def split_range(total: int, index: int, count: int) -> slice:
    """The part of `range(total)` that belongs to shard `index` of `count`."""
    return slice(total * index // count, total * (index + 1) // count)


class Shard(NamedTuple):
    """The parameters that one worker computes the gradient of, and updates.

    They are rows of the layers' matrices: the weights from one unit to the next layer, or, in the
    last row, the biases.
    """

    inputs: slice
    """Rows of the first layer, one for each pixel; the row after these has the biases."""
    rows: list[slice]
    """Rows of each other layer."""
    first: slice
    """Where the rows of the first layer are in the parameter vector."""
    rest: slice
    """Where the rows of the other layers are."""

    @property
    def spans(self) -> list[slice]:
        """Where all of its parameters are: one slice or two."""
        if self.first.stop == self.rest.start:
            return [slice(self.first.start, self.rest.stop)]
        return [each for each in (self.first, self.rest) if each.start < each.stop]


def shard_of(sizes: Sequence[int], index: int, count: int) -> Shard:
    """One shard of a network's parameters; all shards take about equally long.

    It has rows of the first layer and, unless the others are too small to be divided, of these.

    Args:
        sizes: layer widths, inputs first, classes last.
        index: which shard, 0 to count - 1.
        count: how many shards there are.
    """
    inputs = sizes[0] + 1
    others = list(pairwise(sizes[1:]))
    starts = [inputs * sizes[1]]  # of the other layers
    costs = {starts[0]: 0}  # of all rows before a place
    for fan_in, fan_out in others:
        place, cost = starts[-1], costs[starts[-1]]
        for row in range(1, fan_in + 2):
            costs[place + row * fan_out] = cost + row * (fan_out + ROW_COST)
        starts.append(place + (fan_in + 1) * fan_out)

    small = costs[starts[-1]] < SMALL_REST * inputs * (sizes[1] + ROW_COST)
    following = min(SMALL_REST_ROWS, int(SMALL_REST * inputs)) if small and others else 0
    even = split_range(inputs + following, index, count)
    own = slice(min(even.start, inputs), min(even.stop, inputs))

    def cut(number: int) -> int:
        """Where the rest is cut: between two rows, as close as possible to equal costs."""
        if small and number < count:
            return starts[0]
        even = costs[starts[-1]] * number / count
        return min(costs, key=lambda place: abs(costs[place] - even))

    rest = slice(cut(index), cut(index + 1))
    rows = []
    for start, (fan_in, fan_out) in zip(starts, others, strict=False):
        first, last = ((edge - start) // fan_out for edge in (rest.start, rest.stop))
        rows.append(slice(min(max(first, 0), fan_in + 1), min(max(last, 0), fan_in + 1)))
    return Shard(own, rows, slice(own.start * sizes[1], own.stop * sizes[1]), rest)
