"""How work is divided: what a part does depends on its number alone, not on who is faster."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def part_of(total: int, index: int, parts: int) -> slice:
    """The share of `range(total)` that part `index` of `parts` does."""
    return slice(total * index // parts, total * (index + 1) // parts)


def shares_of_rows(sizes: Sequence[int], parts: int) -> list[slice]:
    """Divide a network's parameters into stretches of whole rows, as equal as may be.

    A row is what leads from one unit to the next layer, or a layer's biases. Whoever computes the
    gradient of a stretch moves it too, so that it need not change caches.

    Args:
        sizes: layer widths, inputs first, classes last.
        parts: how many stretches.

    Returns:
        Slices of the parameter vector, one after the other.
    """
    ends = [0]
    for fan_in, fan_out in pairwise(sizes):
        ends += range(ends[-1] + fan_out, ends[-1] + (fan_in + 1) * fan_out + 1, fan_out)
    total = ends[-1]
    cuts = [min(ends, key=lambda end: abs(end - total * part / parts)) for part in range(parts)]
    return [slice(start, stop) for start, stop in pairwise([*cuts, total])]


def rows_within(sizes: Sequence[int], layer: int, share: slice) -> slice:
    """Which rows of a layer are in a share; row `sizes[layer]` is that of its biases."""
    before = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes[: layer + 1]))
    fan_in, fan_out = sizes[layer : layer + 2]
    first, last = ((edge - before) // fan_out for edge in (share.start, share.stop))
    return slice(min(max(first, 0), fan_in + 1), min(max(last, 0), fan_in + 1))
