"""The positions and labels of ticks on the axes of a chart."""

from __future__ import annotations

from math import ceil, floor, log10

Ticks = tuple[list[float], list[str]]
"""Positions on the axis, and their labels."""

FINE = (1, 1.2, 1.5, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)


def linear_ticks(low: float, high: float, count: int, percent: bool = False) -> Ticks:
    """At most about `count` round numbers between low and high (low < high)."""
    if not low < high:
        return [low], [_label(low, percent)]
    step = _round_step((high - low) / max(count, 1))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    positions = [number * step for number in range(first, last + 1)]
    return positions, [_label(position, percent) for position in positions]


def log_ticks(low: float, high: float, count: int, percent: bool = False) -> Ticks:
    """Round numbers between 10**low and 10**high, at their logarithms."""
    for mantissas in (FINE, (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        values = [
            mantissa * 10.0**exponent
            for exponent in range(floor(low), ceil(high) + 1)
            for mantissa in mantissas
            if low - 1e-9 <= exponent + log10(mantissa) <= high + 1e-9
        ]
        if 0 < len(values) <= count:
            break
    if not values:  # less than a factor of two: no round number may lie inside
        values = [float(f"{10**end:.2g}") for end in (low, high)]
    every = ceil(len(values) / max(count, 1))
    values = values[::every]
    positions = [min(max(log10(value), low), high) for value in values]
    return positions, [_label(value, percent) for value in values]


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)


def _label(value: float, percent: bool) -> str:
    return f"{100 * value:.4g}%" if percent else f"{value:.4g}"
