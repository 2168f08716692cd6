"""How work is divided: what a part does depends on its number alone, not on who is faster."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

ROW_COST = 32
"""A row of a layer costs as much as so many parameters, beside its own: narrow rows take longer."""
SMALL_REST = 1 / 16
"""Layers after the first one that cost less than this share of it are left to the last part, whose
rows of the first layer they follow: one stretch takes less time than two."""


def part_of(total: int, index: int, parts: int) -> slice:
    """The share of `range(total)` that part `index` of `parts` does."""
    return slice(total * index // parts, total * (index + 1) // parts)


class Share(NamedTuple):
    """The parameters that one part computes the gradient of, and moves.

    They are rows of the layers' matrices: what leads from one unit to the next layer, or, in the
    last row, the biases.
    """

    inputs: slice
    """Rows of the first layer: of these pixels, or of what is always 1 and has the biases."""
    rows: list[slice]
    """Rows of each other layer."""
    stretches: list[slice]
    """Where they are in the parameter vector, at most two places."""


def share_of(sizes: Sequence[int], index: int, parts: int) -> Share:
    """A part's share of a network: some rows of the first layer, and an equal part of all else.

    Args:
        sizes: layer widths, inputs first, classes last.
        index: which part, 0 to parts - 1.
        parts: into how many parts the network is divided.
    """
    inputs = part_of(sizes[0] + 1, index, parts)
    others = list(pairwise(sizes[1:]))
    starts = [(sizes[0] + 1) * sizes[1]]  # of the other layers
    costs = {starts[0]: 0}  # of all rows before a place
    for fan_in, fan_out in others:
        place, cost = starts[-1], costs[starts[-1]]
        for row in range(1, fan_in + 2):
            costs[place + row * fan_out] = cost + row * (fan_out + ROW_COST)
        starts.append(place + (fan_in + 1) * fan_out)

    small = costs[starts[-1]] < SMALL_REST * (sizes[0] + 1) * (sizes[1] + ROW_COST)

    def cut(number: int) -> int:
        """Where the rest is cut: between two rows, as near as may be to an equal part."""
        if small and number < parts:
            return starts[0]
        even = costs[starts[-1]] * number / parts
        return min(costs, key=lambda place: abs(costs[place] - even))

    rest = slice(cut(index), cut(index + 1))
    rows = []
    for start, (fan_in, fan_out) in zip(starts, others, strict=False):
        first, last = ((edge - start) // fan_out for edge in (rest.start, rest.stop))
        rows.append(slice(min(max(first, 0), fan_in + 1), min(max(last, 0), fan_in + 1)))
    first_layer = slice(inputs.start * sizes[1], inputs.stop * sizes[1])
    if first_layer.stop == rest.start:
        return Share(inputs, rows, [slice(first_layer.start, rest.stop)])
    return Share(inputs, rows, [each for each in (first_layer, rest) if each.start < each.stop])
