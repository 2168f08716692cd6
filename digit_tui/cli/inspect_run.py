"""`digit-tui inspect`: what is inside the network of a saved run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

from threadpoolctl import threadpool_limits

from digit_tui.cli import inspect_health
from digit_tui.cli.evaluate_saved import open_saved
from digit_tui.cli.saved_runs import read_run
from digit_tui.data import Dataset, printable
from digit_tui.engine.holdout import hold_out
from digit_tui.insight.histograms import BINS, Histogram, LayerHistograms
from digit_tui.insight.layer_report import (
    TEXT_BINS,
    check_lines,
    histogram_lines,
    layer_lines,
    notes,
)
from digit_tui.insight.layers import LayerFacts
from digit_tui.insight.one_unit import unit_facts, unit_to_json
from digit_tui.insight.unit_report import unit_lines, unit_name
from digit_tui.insight.units import layer_units
from digit_tui.nn import LayerCheck
from digit_tui.run.events import Inspected
from digit_tui.run.inspection import check_of, facts_of, histograms_of, step_of
from digit_tui.run.setting_words import settings_words
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.health_check import Health
from digit_tui.session.output import Output, print_error
from digit_tui.session.saved_state import look_into


@reports_failures
def inspect_run(
    name: str,
    data: str | None,
    best: bool,
    layer: int | None,
    unit: int | None,
    check: bool,
    as_json: bool,
) -> int:
    """Print what is inside the network of a saved run; returns the exit status.

    Args:
        name: the run's folder, or its name; see `find_run`.
        data: as --data; None is the dataset that the run was trained on.
        best: use the checkpoint with the best accuracy instead of the last.
        layer: whose histograms are wanted, counted from 1; without it JSON has those of all.
        unit: of that layer, also wanted, counted from 0.
        check: also check the gradient.
        as_json: print one JSON object instead of tables.
    """
    output = Output()
    saved = read_run(name)
    checkpoint, dataset = open_saved(saved, data, best)
    layers = len(checkpoint.sizes) - 1
    wrong = not_there(checkpoint.sizes, layer, unit)
    if wrong is not None:
        print_error(wrong)
        return ExitStatus.USAGE
    if data is None:  # of other digits none were held out
        dataset = hold_out(dataset, saved.config.validation)
    inspected = look_into(checkpoint)
    network = inspected.network
    bins = BINS if as_json else TEXT_BINS
    wanted = [layer] if layer else list(range(1, layers + 1)) if as_json else []
    with threadpool_limits(limits=1, user_api="blas"):  # many small products: others would spin
        step = step_of(inspected, dataset)
        facts = facts_of(inspected, dataset, step)
        histograms = {
            each: histograms_of(inspected, dataset.test_images, step, each, bins) for each in wanted
        }
        checks = check_of(inspected, dataset) if check else None
        found = None
        if layer is not None and unit is not None:
            evaluated = inspected.evaluated_network
            units = layer_units(evaluated, dataset.test_images, dataset.test_labels, layer)
            found = unit_facts(evaluated, units, unit)
        own = dataset if data is None else None
        health = inspect_health.saved_health(saved, checkpoint, own, inspected, facts)
    if as_json:
        values = json_values(inspected, facts, histograms, checks, health)
        values["unit"] = found and unit_to_json(found)
        output.line(json.dumps(values, allow_nan=False))
    else:
        lines = heading(str(saved.path), dataset, inspected)
        lines += ["", *layer_lines(facts), "", *notes(facts)]
        lines += ["", *inspect_health.lines(health, name)]
        for number, each in histograms.items():
            lines += ["", *histogram_lines(number, each)]
        if found is not None:
            title = unit_name(network, found.layer, found.unit).capitalize()
            lines += ["", f"{title}, {inspected.evaluated_weights}"]
            lines += unit_lines(found, inspected.evaluated_network, dataset.test_labels, "test")
        if checks is not None:
            lines += ["", *check_lines(checks)]
        for line in lines:
            output.line(printable(line))
    return output.status or ExitStatus.DONE


def not_there(sizes: Sequence[int], layer: int | None, unit: int | None) -> str | None:
    """What is wrong with --layer and --unit; None if nothing is.

    Args:
        sizes: layer widths, inputs first, classes last.
        layer: counted from 1.
        unit: counted from 0.
    """
    if layer is None:
        return None if unit is None else f"--unit {unit}: which --layer is it of?"
    if layer >= len(sizes):
        return f"--layer {layer}: the network has layers 1 to {len(sizes) - 1}"
    if unit is not None and unit >= sizes[layer]:
        return f"--unit {unit}: layer {layer} has units 0 to {sizes[layer] - 1}"
    return None


def heading(path: str, dataset: Dataset, inspected: Inspected) -> list[str]:
    """The run and the network, in lines."""
    network = inspected.network
    sizes = "-".join(map(str, network.sizes))
    settings = settings_words(
        inspected.state.settings, inspected.learning_rate, inspected.state.rate_factor
    )
    return [
        f"Run       {path}",
        f"Data      {dataset.name} ({dataset.source})",
        f"Step      {inspected.step:,}, epoch {inspected.epoch:.2f}",
        f"Network   {sizes}, {network.parameters.size:,} parameters",
        f"Settings  {', '.join(settings)}",
    ]


def json_values(
    inspected: Inspected,
    facts: list[LayerFacts],
    histograms: dict[int, LayerHistograms],
    checks: list[LayerCheck] | None,
    health: Health,
) -> dict[str, Any]:
    """All that is known, as JSON values; None where it is not finite or was not asked for."""
    layers = []
    for number, each in enumerate(facts, 1):
        found = histograms.get(number)
        distributions = found and {name: _histogram(own) for name, own in found._asdict().items()}
        layers.append({"layer": number, **_numbers(each._asdict()), "histograms": distributions})
    return {
        "step": inspected.step,
        "epoch": inspected.epoch,
        "learning_rate": _number(inspected.learning_rate),
        "layers": layers,
        "health": inspect_health.json_values(health),
        "gradient_check": checks
        and [
            {"layer": number, "passed": each.passed, **_numbers(each._asdict())}
            for number, each in enumerate(checks, 1)
        ],
    }


def _histogram(histogram: Histogram) -> dict[str, Any]:
    return {
        "edges": histogram.edges.tolist(),
        "counts": histogram.counts.tolist(),
        "not_finite": histogram.not_finite,
    }


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value
