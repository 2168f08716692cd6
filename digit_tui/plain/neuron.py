"""The answer to `neuron`: one unit of a layer, in lines."""

from __future__ import annotations

from collections.abc import Mapping

from digit_tui.insight.one_unit import unit_facts
from digit_tui.insight.unit_report import unit_lines, unit_name
from digit_tui.insight.units import layer_units
from digit_tui.plain.requests import InputError, ShowUnit
from digit_tui.run.events import Inspected
from digit_tui.session.run_status import RunStatus


def answer(request: ShowUnit, inspected: Mapping[str, Inspected], run: RunStatus) -> list[str]:
    """The answer for the evaluated network of a run and, if one trains beside it, of its fork.

    Args:
        request: which unit.
        inspected: copies of their states, by "run" and "fork".
        run: the state of the run; it knows which digits are shown.

    Raises:
        InputError: if there is no such unit.
    """
    layer, unit = request.layer, request.unit
    split = "test" if run.shows_test else run.config.monitored_split
    lines = []
    for name, each in inspected.items():
        assert run.dataset is not None  # a run has states only after it was read
        network = each.evaluated_network
        if layer > len(network.layers):
            raise InputError(f"neuron: there are layers 1 to {len(network.layers)}")
        if unit >= network.sizes[layer]:
            raise InputError(f"neuron: layer {layer} has units 0 to {network.sizes[layer] - 1}")
        images, labels = run.dataset.split(split)
        facts = unit_facts(network, layer_units(network, images, labels, layer), unit)
        when = f"{name} at epoch {each.epoch:.2f}, step {each.step:,}, {each.evaluated_weights}"
        lines.append(f"{when}: {unit_name(network, layer, unit)}")
        lines += unit_lines(facts, network, labels, split)
    return lines
