"""What ails a run, in lines."""

from __future__ import annotations

from collections.abc import Mapping

from digit_tui.data import Dataset
from digit_tui.plain.narrator import WAYS
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.run.health_record import inspection_of
from digit_tui.run.health_words import health_lines
from digit_tui.run.inspection import facts_of, step_of
from digit_tui.session.health_check import check_health
from digit_tui.session.run_history import RunHistory
from digit_tui.session.run_status import RunStatus


def answer(inspected: Mapping[str, Inspected], run: RunStatus) -> list[str]:
    """What ails the run and, if one trains beside it, its fork.

    Args:
        inspected: copies of their states, by "run" and "fork".
        run: the state of the run, whose history takes over what is seen of the layers.
    """
    assert run.dataset is not None  # a run has states only after it was read
    lines = []
    for name, each in inspected.items():
        fork = run.fork if name == "fork" else None
        history, evaluated = run.history, run.evaluated
        if fork is not None:
            history, evaluated = fork.history, fork.evaluated
        lines.append(f"{name} at epoch {each.epoch:.2f}, step {each.step:,}:")
        lines += _about(each, history, evaluated, run.dataset)
    return lines


def _about(
    inspected: Inspected, history: RunHistory, evaluated: Evaluated | None, dataset: Dataset
) -> list[str]:
    facts = facts_of(inspected, dataset, step_of(inspected, dataset))
    inspection = inspection_of(inspected, facts)
    health = check_health(history.record(dataset, evaluated), dataset, evaluated, inspection)
    history.add_inspection(inspection)
    return health_lines(health.record, health.findings, WAYS)
