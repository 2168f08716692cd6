"""How work is divided: what a part does depends on its number alone, not on who is faster."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


def part_of(total: int, index: int, parts: int) -> slice:
    """The share of `range(total)` that part `index` of `parts` does."""
    return slice(total * index // parts, total * (index + 1) // parts)


class Share(NamedTuple):
    """The parameters that one part computes the gradient of, and moves.

    They are whole rows: what leads from one unit to the next layer, or the biases of a layer.
    """

    pixels: slice
    """From these inputs, ..."""
    rows: list[slice]
    """... and in general these rows of each layer; the row after the last unit's is the biases."""
    stretches: tuple[slice, slice]
    """Where they are in the parameter vector: weights of the first layer, and others."""


def share_of(sizes: Sequence[int], index: int, parts: int) -> Share:
    """A part's share of a network: some of the pixels, and an equal part of all else.

    Args:
        sizes: layer widths, inputs first, classes last.
        index: which part, 0 to parts - 1.
        parts: into how many parts the network is divided.
    """
    pixels = part_of(sizes[0], index, parts)
    starts, places = [0], []  # of layers; and of all rows but the pixels'
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        first = fan_in if layer == 0 else 0
        places += [starts[-1] + row * fan_out for row in range(first, fan_in + 1)]
        starts.append(starts[-1] + (fan_in + 1) * fan_out)
    places.append(starts[-1])

    def cut(number: int) -> int:
        """Where the rest is cut: between two rows, as near as may be to an equal part."""
        even = places[0] + (places[-1] - places[0]) * number / parts
        return min(places, key=lambda place: abs(place - even))

    rest = slice(cut(index), cut(index + 1))
    rows = []
    for start, (fan_in, fan_out) in zip(starts, pairwise(sizes), strict=False):
        first, last = ((edge - start) // fan_out for edge in (rest.start, rest.stop))
        rows.append(slice(min(max(first, 0), fan_in + 1), min(max(last, 0), fan_in + 1)))
    weights = slice(pixels.start * sizes[1], pixels.stop * sizes[1])
    return Share(pixels, rows, (weights, rest))
