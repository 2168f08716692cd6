"""Answers to questions about what is inside the network, in lines."""

from __future__ import annotations

from collections.abc import Mapping

from digit_tui.data import Dataset
from digit_tui.insight.layer_report import (
    TEXT_BINS,
    check_lines,
    histogram_lines,
    layer_lines,
    notes,
)
from digit_tui.plain.requests import InputError, ShowNetwork
from digit_tui.run.events import Inspected
from digit_tui.run.inspection import check_of, facts_of, histograms_of, step_of
from digit_tui.session.run_status import RunStatus


def answer(request: ShowNetwork, inspected: Mapping[str, Inspected], run: RunStatus) -> list[str]:
    """The answer for a run and, if one trains beside it, for its fork.

    Args:
        request: the question.
        inspected: copies of their states, by "run" and "fork".
        run: the state of the run.

    Raises:
        InputError: if it asks for a layer that does not exist.
    """
    lines = []
    for name, each in inspected.items():
        assert run.dataset is not None  # a run has states only after it was read
        sizes = each.network.sizes
        layers = len(sizes) - 1
        if request.layer is not None and request.layer > layers:
            raise InputError(f"network: there are layers 1 to {layers}")
        size = f"{'-'.join(map(str, sizes))}, {each.network.parameters.size:,} parameters"
        lines.append(f"{name} at epoch {each.epoch:.2f}, step {each.step:,}: {size}")
        lines += _about(request, each, run.dataset)
    return lines


def _about(request: ShowNetwork, inspected: Inspected, dataset: Dataset) -> list[str]:
    if request.check:
        return check_lines(check_of(inspected, dataset))
    step = step_of(inspected, dataset)
    if request.layer is None:
        facts = facts_of(inspected, dataset, step)
        return [*layer_lines(facts), *notes(facts)]
    histograms = histograms_of(inspected, dataset.test_images, step, request.layer, TEXT_BINS)
    return histogram_lines(request.layer, histograms)
