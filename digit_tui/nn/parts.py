"""How work is divided: what a part does depends on its number alone, not on who is faster."""

from __future__ import annotations


def part_of(total: int, index: int, parts: int) -> slice:
    """The share of `range(total)` that part `index` of `parts` does."""
    return slice(total * index // parts, total * (index + 1) // parts)
