"""What is known of one unit as plain text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import SIGNED_RAMPS, draw_signed
from digit_tui.insight.one_unit import Connections, UnitFacts
from digit_tui.nn import Network

Array = NDArray[Any]

ROWS = 14
"""Lines of the picture: two rows of MNIST's pixels each."""
BAR = 40
"""Length of the longest bar of a class."""


def unit_name(network: Network, layer: int, unit: int) -> str:
    """For example "unit 7 of layer 3 of 3, output"."""
    layers = len(network.layers)
    return f"unit {unit} of layer {layer} of {layers}{', output' if layer == layers else ''}"


def unit_lines(facts: UnitFacts, network: Network, labels: Array, split: str) -> list[str]:
    """What a unit does for digits, its weights and its picture.

    Args:
        facts: of the unit.
        network: that it belongs to.
        labels: (n,) true classes of the digits.
        split: which digits they are, for example "test".
    """
    if _is_off(facts, network):
        return ["It is off: its bias and all of its weights, in and out, are 0"]
    width = network.sizes[facts.layer]
    return [
        f"Active on {facts.active:.1%} of {len(labels):,} {split} digits; importance "
        f"{facts.importance:.3g} nats, rank {facts.rank:,} of {width:,}",
        "Mean activation for the digits of each class:",
        *_bars(facts.class_means),
        _exciting(facts, labels),
        *_connections(facts, network),
        *_picture(facts),
    ]


def _is_off(facts: UnitFacts, network: Network) -> bool:
    """Whether nothing is left of a hidden unit."""
    if facts.layer == len(network.layers):
        return False
    own, following = network.layers[facts.layer - 1 : facts.layer + 1]
    parts = own.biases[facts.unit], own.weights[:, facts.unit], following.weights[facts.unit]
    return not any(map(np.any, parts))


def _bars(means: Array) -> list[str]:
    """Each class with its number and a bar: of # for positive ones, of - for negative ones."""
    lengths = np.where(np.isfinite(means), np.abs(means), 0)
    longest = lengths.max() or 1
    lines = []
    for each, (mean, length) in enumerate(zip(means, lengths, strict=True)):
        bar = ("#" if mean > 0 else "-") * round(BAR * float(length / longest))
        lines.append(f"{each:>3} {mean:>8.3f} {bar}".rstrip())
    return lines


def _exciting(facts: UnitFacts, labels: Array) -> str:
    found = zip(facts.exciting, facts.excitements, strict=True)
    digits = [f"{index} (is {labels[index]}; {value:.2f})" for index, value in found]
    return f"Digits that excite it most: {', '.join(digits) or 'none'}"


def _connections(facts: UnitFacts, network: Network) -> list[str]:
    """Its strongest weights in and out, with the names of what is at their other ends."""
    last, side = len(network.layers), len(facts.picture)

    def name(layer: int, index: int) -> str:
        if layer == 0:
            return f"pixel at row {index // side}, column {index % side}"
        return f"class {index}" if layer == last else f"unit {index}"

    def words(title: str, layer: int, connections: Connections) -> str:
        ends = zip(connections.indices, connections.weights, strict=True)
        told = [f"{name(layer, int(index))} {weight:+.3f}" for index, weight in ends]
        return f"{title}: {'; '.join(told)}"

    lines = [words("Strongest weights in", facts.layer - 1, facts.incoming)]
    if facts.layer < last:
        lines.append(words("Strongest weights out", facts.layer + 1, facts.outgoing))
    return lines


def _picture(facts: UnitFacts) -> list[str]:
    """Its picture, after a line that says how to read it."""
    more, less = (" ".join(ramp) for ramp in SIGNED_RAMPS)
    back = " carried back to the pixels, without the ReLUs" if facts.layer > 1 else ""
    title = f"Its weights{back}: {more} where ink excites it, {less} where it calms it"
    return [title, *(line.rstrip() for line in draw_signed(facts.picture, 2 * ROWS, ROWS))]
