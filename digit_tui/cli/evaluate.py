"""`digit-tui evaluate`: how good a saved run's network is."""

from __future__ import annotations

import json
from math import isfinite

from digit_tui.cli.evaluate_saved import history_of, look_at
from digit_tui.data import DataError
from digit_tui.insight.confusion import confusion_matrix
from digit_tui.insight.report import report
from digit_tui.session.exit_status import Status
from digit_tui.session.output import Output, complain
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_index import find_run
from digit_tui.storage.saved_run import SavedRun


def evaluate_run(name: str, data: str | None, best: bool, as_json: bool) -> int:
    """Measure a saved run on a data set's test images; returns the exit status.

    Args:
        name: the run's folder, or its name; see `find_run`.
        data: as --data; None is what the run was trained on.
        best: take the checkpoint with the best test accuracy instead of the last.
        as_json: print one JSON object instead of a report.
    """
    output = Output()
    try:
        saved = SavedRun.read(find_run(name))
        look = look_at(saved, data, best)
    except (DataError, RunError) as error:
        complain(str(error))
        return Status.DATA
    evaluation, dataset = look.evaluation, look.dataset
    if as_json:
        result = {
            "step": look.step,
            "test_accuracy": evaluation.accuracy,
            "test_correct": evaluation.correct,
            "test_total": evaluation.total,
            "test_loss": evaluation.loss if isfinite(evaluation.loss) else None,
            "confusion": confusion_matrix(evaluation).tolist(),
        }
        output.line(json.dumps(result, allow_nan=False))
    else:
        words = report(evaluation, history_of(saved, look))
        output.line(f"Data           {dataset.name} ({dataset.source})\n{words}")
    return output.status or Status.DONE
