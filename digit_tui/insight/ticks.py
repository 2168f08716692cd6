"""The positions and labels of ticks on the axes of a chart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
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
STEPS = (1, 2, 2.5, 5, 10, 20, 25, 50, 100)
"""Steps up an axis, times a power of ten."""
MANTISSAS = ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3))
DECADES = (1, 2, 3, 5, 10)
"""Where numbers within a decade would stand too close: each so many decades."""
APART = 2
"""Rows between two numbers up an axis, where that is possible."""
SEVERAL = 3
"""Of fewer numbers up an axis one cannot tell what lies between."""


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


def log_ticks(low: float, high: float, most: int) -> Ticks:
    """As many round numbers on a logarithmic axis as are no more than `most`, if there are any.

    Args:
        low: the logarithm of the lowest value.
        high: that of the highest one.
        most: ticks.
    """
    for values in _log_series(low, high, most) if low < high else ():
        return [log10(each) for each in values], [label(each, False) for each in values]
    return [low], [label(10**low, False)]


def ticks_up(low: float, high: float, rows: int, log: bool, percent: bool = False) -> Ticks:
    """As many round numbers up an axis as are two rows apart, and none between them left out.

    Where one gap is a row and the next is two, equal steps look unequal. Where no three numbers are
    two rows apart, those of three or more rows side by side will do, or else every other one.

    Args:
        low: the lowest position on the axis; on a logarithmic one, the logarithm of a value.
        high: the highest one.
        rows: of the axis.
        log: whether it is logarithmic.
        percent: whether the values are fractions, labelled as per cent.
    """
    if not low < high:
        return [low], [label(10**low if log else low, percent)]
    series = [*(_log_series if log else _series)(low, high, rows)]
    # Nobody misses one at an end.
    inner = [values[start:end] for values in series for start in (0, 1) for end in (None, -1)]
    halves = [half for values in series for half in (values[::2], values[1::2])]
    for choices in (inner, halves):
        apart: list[Ticks] = []
        adjacent: list[Ticks] = []
        for values in choices:
            positions = [min(max(log10(each), low), high) for each in values] if log else values
            labels = [label(each, percent) for each in values]
            at = [floor(0.5 + (rows - 1) * (each - low) / (high - low)) for each in positions]
            gaps = {after - before for before, after in pairwise(at)}
            if gaps and len({*labels}) == len(labels):
                if min(gaps) >= APART:
                    apart.append((positions, labels))
                elif gaps == {1}:
                    adjacent.append((positions, labels))
        for ticks in (apart, adjacent):
            most = max(ticks, key=lambda each: len(each[0]), default=([], []))
            if len(most[0]) >= SEVERAL:
                return most
        if apart or adjacent:
            return (apart + adjacent)[0]
    return [low], [label(10**low if log else low, percent)]


def _series(low: float, high: float, most: int) -> Iterator[list[float]]:
    """Equally spaced round numbers from low to high, at most so many; the finest first."""
    power = 10.0 ** floor(log10((high - low) / max(most, 1)))
    for step in (factor * power for factor in STEPS):
        count = _count(step, low, high)
        if 0 < count <= most:
            first = ceil(low / step - SLACK)
            yield [(first + number) * step for number in range(count)]


def _log_series(low: float, high: float, most: int) -> Iterator[list[float]]:
    """Round numbers from 10**low to 10**high, at most so many."""
    exponents, first = range(floor(low), ceil(high) + 1), ceil(low - SLACK)
    for mantissas, every in (*((each, 1) for each in MANTISSAS), *(((1,), n) for n in DECADES)):
        values = [
            mantissa * 10.0**exponent
            for exponent in exponents
            for mantissa in mantissas
            if low - SLACK <= exponent + log10(mantissa) <= high + SLACK
            and (exponent - first) % every == 0
        ]
        if 0 < len(values) <= most:
            yield values
    if high - low < 1:
        yield from (each for each in _series(10**low, 10**high, most) if each[0] > 0)


def _count(step: float, low: float, high: float) -> int:
    """How many multiples of a step are between."""
    return floor(high / step + SLACK) - ceil(low / step - SLACK) + 1


def label(value: float, percent: bool) -> str:
    """A number as axes show it, many thousands as "k"; of a fraction in per cent."""
    if percent:
        return f"{_in_short(100 * value)}%"
    for name, size, lowest in UNITS:
        if lowest <= abs(value) < 1e9:
            return f"{value / size:.4g}{name}"
    return _in_short(value)


def _in_short(value: float) -> str:
    """With four digits, or with one or two and the exponent, for example "9e22" or "-1.5e-5"."""
    text = f"{value:.4g}"
    if "e" not in text:
        return text
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits.removesuffix('.0')}e{int(exponent)}"
