"""`digit-tui evaluate`: measures the network of a saved run."""

from __future__ import annotations

import json
from math import isfinite

from digit_tui.cli.answered import answered, answered_lines, answered_to_json
from digit_tui.cli.evaluate_saved import SavedEvaluation, evaluate_saved, history_of
from digit_tui.cli.saved_runs import read_run
from digit_tui.data import DataError
from digit_tui.insight.answers import Coverage
from digit_tui.insight.calibration import measure
from digit_tui.insight.calibration_report import summary, to_json, worsening
from digit_tui.insight.confusion import confusion_matrix
from digit_tui.insight.report import report
from digit_tui.run.wording import epoch_words
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.storage.calibration_file import calibration_of
from digit_tui.storage.run_summary import aim_of
from digit_tui.storage.saved_run import SavedRun


@reports_failures
def evaluate_run(name: str, data: str | None, best: bool, as_json: bool) -> int:
    """Measure a saved run on the test set of a dataset; returns the exit status.

    Args:
        name: the run's folder, or its name; see `find_run`.
        data: as --data; None is the dataset that the run was trained on.
        best: use the checkpoint with the best accuracy instead of the last.
        as_json: print one JSON object instead of a report.
    """
    output = Output()
    saved = read_run(name)
    result = evaluate_saved(saved, data, best)
    evaluation, dataset = result.evaluation, result.dataset
    calibration, complaint = calibration_of(saved.path, result.weights_sha256)
    if complaint:
        print_error(complaint)
    before = measure(evaluation)
    after = measure(evaluation, calibration.temperature) if calibration else None
    covered: Coverage | DataError
    try:
        covered = answered(saved, result, calibration, data)
    except DataError as error:
        covered = error
    if as_json:
        values = {
            "step": result.step,
            "epoch": result.epoch,
            "test_accuracy": evaluation.accuracy,
            "test_correct": evaluation.correct,
            "test_total": evaluation.total,
            "test_taught": result.taught,
            "test_loss": evaluation.loss if isfinite(evaluation.loss) else None,
            "confusion": confusion_matrix(evaluation).tolist(),
            "calibration": before and after and to_json(before, after),
            "answered": answered_to_json(covered),
        }
        output.line(json.dumps(values, allow_nan=False))
    else:
        words = report(evaluation, history_of(saved, result))
        output.line(f"Data           {dataset.name} ({dataset.source})")
        output.line(f"Checkpoint     {moment_words(saved, result)}\n{words}")
        if before is not None and after is not None:
            output.line(summary(before, after))
            if worse := worsening(before, after):
                output.line(f"{worse} digit-tui calibrate RUN --remove removes it")
        for line in ["", *answered_lines(covered)]:
            output.line(line)
    return output.status or ExitStatus.DONE


def moment_words(saved: SavedRun, result: SavedEvaluation) -> str:
    """When the network was saved, and whether the run is elsewhere, or will be."""
    words = f"of epoch {epoch_words(result.epoch)}, step {result.step:,}"
    if saved.state() == "running":
        return f"{words}: saved last, the run is in use"
    aim = aim_of(saved, saved.history())
    if aim is not None:
        words += f": left on its way back to epoch {epoch_words(aim)}"
    return words
