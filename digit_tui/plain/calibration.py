"""The answer to whether the network is as sure as it is right, in lines."""

from __future__ import annotations

from collections.abc import Mapping

from digit_tui.plain.queries import NOT_EVALUATED
from digit_tui.run.events import Inspected
from digit_tui.session.calibration_check import check_calibration
from digit_tui.session.run_status import RunStatus


def answer(inspected: Mapping[str, Inspected], run: RunStatus) -> list[str]:
    """The answer for a run, as it was evaluated last.

    Args:
        inspected: copies of states, by "run" and "fork".
        run: the state of the run.
    """
    if run.shown is None or run.dataset is None:
        return [NOT_EVALUATED]
    check = check_calibration(run.dataset, run.shown, inspected.get("run"), run.folder)
    return [f"at epoch {run.shown.epoch:.2f}:", *check.lines]
