"""What ails a saved run, for `digit-tui inspect`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from digit_tui.data import Dataset
from digit_tui.insight.health.doubts import doubts_of
from digit_tui.insight.health.fit import near_limits
from digit_tui.insight.layers import LayerFacts
from digit_tui.nn import evaluate
from digit_tui.plain.narrator import WAYS
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.run.health_record import inspection_of
from digit_tui.run.health_words import health_lines, looked_at
from digit_tui.session.health_check import Health, check_health
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.saved_health import record_of_saved
from digit_tui.storage.saved_run import SavedRun


def saved_health(
    saved: SavedRun,
    checkpoint: Checkpoint,
    dataset: Dataset | None,
    inspected: Inspected,
    facts: Sequence[LayerFacts],
) -> Health:
    """What the journal says of a run up to a checkpoint, and the network of that.

    Args:
        saved: the run.
        checkpoint: whose network is looked at.
        dataset: the run's own, without the images that are held out; None if it is another one.
        inspected: the checkpoint's state.
        facts: of its layers.

    Raises:
        RunError: if the journal is damaged.
    """
    evaluated = doubts = None
    if dataset is not None:
        network, history = checkpoint.network, checkpoint.state.history
        split, step = saved.config.monitored_split, inspected.step
        evaluation = evaluate(network, *dataset.split(split))
        evaluated = Evaluated(step, inspected.epoch, evaluation, 0.0, network, history, split)
        doubts = doubts_of(evaluation, history)
    record = record_of_saved(saved, checkpoint.state, doubts=doubts)
    return check_health(record, dataset, evaluated, inspection_of(inspected, facts))


def lines(health: Health, run: str) -> list[str]:
    """In words, and what helps.

    Args:
        health: what was found.
        run: by what name it can be resumed.
    """
    found = ["Health", *health_lines(health.record, health.findings, WAYS)]
    if any(each.remedies for each in health.findings):
        found.append(
            f"what helps are lines of: digit-tui --plain --resume {shlex.quote(run)}; "
            "on the screen they are keys"
        )
    return found


def json_values(health: Health) -> dict[str, Any]:
    """The same, as JSON values."""
    return {
        "findings": [
            {**each._asdict(), "remedies": list(each.remedies)} for each in health.findings
        ],
        "near_limits": near_limits(health.record),
        "looked_at": looked_at(health.record),
    }
