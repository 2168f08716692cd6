"""Units that are off and weights that are pruned, in words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from digit_tui.data import counted
from digit_tui.run.events import Effect

NAMED = 3
"""Units of a layer that are named one by one."""


def units(pairs: Iterable[tuple[int, int]]) -> str:
    """For example "unit 17 of layer 1", "units 3, 4 and 9 of layer 2" or "40 units of layer 1".

    Args:
        pairs: (layer, unit)
    """
    words = []
    for layer, own in groupby(sorted(pairs), key=lambda pair: pair[0]):
        numbers = [str(unit) for _, unit in own]
        if len(numbers) == 1:
            which = f"unit {numbers[0]}"
        elif len(numbers) <= NAMED:
            which = f"units {', '.join(numbers[:-1])} and {numbers[-1]}"
        else:
            which = f"{len(numbers):,} units"
        words.append(f"{which} of layer {layer}")
    return ", ".join(words) or "none"


def units_changed(before: tuple[tuple[int, int], ...], after: tuple[tuple[int, int], ...]) -> str:
    """For example "unit 17 of layer 1 off".

    Args:
        before: the (layer, unit) pairs that were off.
        after: those that are off now.
    """
    changes = (({*after}.difference(before), "off"), ({*before}.difference(after), "on"))
    return ", ".join(f"{units(pairs)} {state}" for pairs, state in changes if pairs)


def share(value: float) -> str:
    """A share of the weights, for example "30%", or "none"."""
    return f"{100 * value:.4g}%" if value else "none"


def removed(switched_off: tuple[tuple[int, int], ...], pruned: float) -> list[str]:
    """What is removed, in short: for example ["12 units off", "30% pruned"], or []."""
    words = [f"{counted(len(switched_off), 'unit')} off"] if switched_off else []
    return words + ([f"{share(pruned)} pruned"] if pruned else [])


def effect(event: Effect) -> str:
    """For example "test 91.00% → 91.30%; fixed 4, broke 1: may well be chance (p = 0.22)"."""
    return f"{event.split} {event.before:.2%} → {event.after:.2%}; {event.comparison.words}"
