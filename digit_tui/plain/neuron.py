"""The answer to `neuron`: one unit of a layer, in lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import SIGNED_RAMPS, counted, draw_signed
from digit_tui.insight.one_unit import Connections, UnitFacts, unit_facts
from digit_tui.insight.units import layer_units
from digit_tui.nn import Network
from digit_tui.plain.requests import InputError, ShowUnit
from digit_tui.run.events import Inspected
from digit_tui.session.run_status import RunStatus

ROWS = 14
"""Lines of its picture, as of a drawn digit."""
BAR = 40
"""Characters of the longest bar."""


def neuron(run: RunStatus, inspected: Inspected | None, request: ShowUnit) -> list[str]:
    """What a unit does for the digits that are shown, with the latest weights.

    Args:
        run: the state of the run.
        inspected: the copy of its state that it answered with, if it has begun.
        request: which unit.

    Raises:
        InputError: if there is no such unit.
    """
    if inspected is None or run.dataset is None:
        return ["no network yet"]
    network, layer, unit = inspected.network, request.layer, request.unit
    count = len(network.layers)
    if layer > count:
        raise InputError(f"neuron: there are layers 1 to {count}; {count} is the output")
    width = network.sizes[layer]
    if unit >= width:
        raise InputError(f"neuron: layer {layer} has units 0 to {width - 1:,}")
    split = "test" if run.shows_test else run.config.monitored_split
    images, labels = run.dataset.split(split)
    facts = unit_facts(network, layer_units(network, images, labels, layer), unit)
    name = f"layer {layer} of {count}{', output' if layer == count else ''}"
    digits = counted(len(labels), f"{split} digit")
    return [
        f"unit {unit} of {name}, at epoch {inspected.epoch:.2f}: active on {facts.active:.1%} of "
        f"{digits}; importance {facts.importance:.3g} nats, rank {facts.rank:,} of {width:,}",
        "mean activation for the digits of each class:",
        *_bars(facts.class_means),
        _exciting(facts, labels),
        *_connections(facts, network, run.dataset.side),
        *_picture(facts),
    ]


def _bars(means: NDArray[np.float32]) -> list[str]:
    """Each class with its number and a bar: of # for positive ones, of - for negative ones."""
    lengths = np.abs(means)
    longest = np.nanmax(lengths, initial=0)
    lines = []
    for each, (mean, length) in enumerate(zip(means, lengths, strict=True)):
        sized = np.isfinite(length) and np.isfinite(longest) and longest > 0
        bar = ("#" if mean > 0 else "-") * (round(BAR * float(length / longest)) if sized else 0)
        lines.append(f"{each:>3} {mean:>8.3f} {bar}".rstrip())
    return lines


def _exciting(facts: UnitFacts, labels: NDArray[np.uint8]) -> str:
    found = zip(facts.exciting, facts.excitements, strict=True)
    digits = [f"{index} (is {labels[index]}; {value:.2f})" for index, value in found]
    return f"digits that excite it most: {', '.join(digits) or 'none'}"


def _connections(facts: UnitFacts, network: Network, side: int) -> list[str]:
    """Its strongest weights in and out, with the names of what is at their other ends."""
    last = len(network.layers)

    def name(layer: int, index: int) -> str:
        if layer == 0:
            return f"pixel at row {index // side}, column {index % side}"
        return f"class {index}" if layer == last else f"unit {index}"

    def words(title: str, layer: int, connections: Connections) -> str:
        ends = zip(connections.indices, connections.weights, strict=True)
        told = [f"{name(layer, int(index))} {weight:+.3f}" for index, weight in ends]
        return f"{title}: {'; '.join(told)}"

    lines = [words("strongest weights in", facts.layer - 1, facts.incoming)]
    if facts.layer < last:
        lines.append(words("strongest weights out", facts.layer + 1, facts.outgoing))
    return lines


def _picture(facts: UnitFacts) -> list[str]:
    """Its picture, with a line that says how to read it."""
    more, less = (" ".join(ramp) for ramp in SIGNED_RAMPS)
    what = (
        "its weights"
        if facts.layer == 1
        else "its weights carried back to the pixels, without the ReLUs"
    )
    title = f"{what}: {more} where ink excites it, {less} where it calms it"
    return [title, *(line.rstrip() for line in draw_signed(facts.picture, 2 * ROWS, ROWS))]
