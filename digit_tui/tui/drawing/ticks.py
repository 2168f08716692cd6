"""The positions and labels of ticks on the axes of a chart."""

from __future__ import annotations

from math import ceil, floor, log10

Ticks = tuple[list[float], list[str]]
"""Positions on the axis, and their labels."""

ROUND = (0.5, 1, 2, 5, 10)
"""Steps, times a power of ten."""
FEW = 4
"""Of fewer ticks one cannot tell what lies between."""
SLACK = 1e-9
UNITS = (("M", 1e6, 1e6), ("k", 1e3, 1e4))
"""What large numbers are counted in: its name, its size, and the lowest number so written."""
FINE = (1, 1.2, 1.5, 1.8, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)


def linear_ticks(low: float, high: float, count: int, percent: bool = False) -> Ticks:
    """As many round numbers between low and high (low < high) as are no more than `count` + 1."""
    if not low < high:
        return [low], [label(low, percent)]
    power = 10.0 ** floor(log10((high - low) / max(count, 1)))
    steps = [factor * power for factor in ROUND if _count(factor * power, low, high) <= count + 1]
    step = steps[0]
    if _count(step, low, high) < FEW:
        halves = (power / 4, power * 2.5)
        step = next((each for each in halves if FEW <= _count(each, low, high) <= count + 1), step)
    first = ceil(low / step - SLACK)
    positions = [(first + number) * step for number in range(_count(step, low, high))]
    return positions, [label(position, percent) for position in positions]


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
    narrow = linear_ticks(10**low, 10**high, count - 1)[0] if high - low < 1 and count > 1 else []
    if len(values) < min(FEW, len(narrow)):
        values = narrow
    every = ceil(len(values) / max(count, 1))
    values = values[::every]
    positions = [min(max(log10(value), low), high) for value in values]
    return positions, [label(value, percent) for value in values]


def apart(ticks: Ticks, low: float, high: float, rows: int) -> Ticks:
    """Without those in the row of the one before, of which plotext would show any, or that read so.

    Args:
        ticks: ascending.
        low: the lowest position on the axis.
        high: the highest one.
        rows: of the axis.
    """
    kept: Ticks = ([], [])
    seen = -1
    for position, text in zip(*ticks, strict=True):
        row = floor(0.5 + (rows - 1) * (position - low) / (high - low)) if high > low else 0
        if row != seen and text not in kept[1]:
            seen = row
            kept[0].append(position)
            kept[1].append(text)
    return kept


def _count(step: float, low: float, high: float) -> int:
    """How many multiples of a step are between."""
    return floor(high / step + SLACK) - ceil(low / step - SLACK) + 1


def label(value: float, percent: bool) -> str:
    """A number as axes show it, many thousands as "k"; of a fraction in per cent."""
    if percent:
        return f"{100 * value:.4g}%"
    for name, size, lowest in UNITS:
        if lowest <= abs(value) < 1e9:
            return f"{value / size:.4g}{name}"
    return f"{value:.4g}"
