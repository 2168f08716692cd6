"""`digit-tui report`: one page about a saved run, to read, to print and to hand out."""

from __future__ import annotations

from pathlib import Path

from threadpoolctl import threadpool_limits

from digit_tui.cli.evaluate_saved import open_saved, taught_count
from digit_tui.cli.inspect_health import saved_health
from digit_tui.cli.page_output import page_refused, put_page
from digit_tui.cli.saved_runs import read_run
from digit_tui.data import Dataset, counted
from digit_tui.engine.holdout import hold_out
from digit_tui.export.report.content import Measured, Report
from digit_tui.export.report.page import report_page
from digit_tui.insight.digit_table import DigitTable
from digit_tui.nn import PredictionHistory, evaluate
from digit_tui.run.inspection import facts_of, step_of
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.session.saved_state import look_into
from digit_tui.storage.calibration_file import calibration_of
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import CHECKPOINTS
from digit_tui.storage.run_log import log_of
from digit_tui.storage.run_summary import RunSummary
from digit_tui.storage.saved_run import SavedRun


@reports_failures
def write_report(
    name: str,
    html: Path,
    data: str | None,
    best: bool,
    open_test: bool,
    mistakes: int,
    force: bool,
) -> int:
    """Write a report on a saved run; returns the exit status.

    Args:
        name: the run's folder, or its name; see `find_run`.
        html: where to write the page; "-" is standard output.
        data: as --data; None is the dataset that the run was trained on.
        best: use the checkpoint with the best accuracy instead of the last.
        open_test: measure the test set, even if the run held images out and did not open it.
        mistakes: show at most this many with pictures.
        force: let the page replace a file that is no page.
    """
    if refused := page_refused(html, force):  # before the work
        return refused
    saved = read_run(name)
    summary = RunSummary.of(saved)
    there = best or any((saved.path / each).exists() for each in CHECKPOINTS)
    measured = _measured(saved, summary, data, best, open_test) if there else None
    if measured is None:
        print_error(f"{saved.path} has no weights yet: the report has no results")
    report = Report(summary, saved.history(), log_of(saved), measured, mistakes)
    return put_page(Output(), html, report_page(report), f"a report on {report.name}", force)


def _measured(
    saved: SavedRun, summary: RunSummary, data: str | None, best: bool, open_test: bool
) -> Measured:
    """The network, measured on the digits that the run was watched with, or on the test set.

    The test set of a run that holds images out is not touched unless it is open already: a report
    that can be made at any time would else open it by the way.
    """
    checkpoint, dataset = open_saved(saved, data, best)
    if data is None:  # of other digits none were held out
        dataset = hold_out(dataset, saved.config.validation)
    opened = summary.test_opened is not None or (summary.results or {}).get("test_total")
    split = "test" if open_test or opened else dataset.monitored_split
    inspected, network = look_into(checkpoint), checkpoint.network
    with threadpool_limits(limits=saved.config.threads, user_api="blas"):
        evaluation = evaluate(network, *dataset.split(split))
        held_out = None
        if split != dataset.monitored_split:
            held_out = evaluate(network, *dataset.split("validation"))
    with threadpool_limits(limits=1, user_api="blas"):  # many small products: others would spin
        layers = facts_of(inspected, dataset, step_of(inspected, dataset))
        own = dataset if data is None else None
        health = saved_health(saved, checkpoint, own, inspected, layers)
    history = checkpoint.state.history
    if split != saved.config.monitored_split or not _is_own(saved, dataset):
        history = PredictionHistory()  # it is of other digits
    calibration, complaint = calibration_of(saved.path, checkpoint.state.weights_sha256)
    if complaint:
        print_error(complaint)
    return Measured(
        step=checkpoint.state.step,
        epoch=inspected.epoch,
        best=best,
        averaged=checkpoint.state.averaged,
        dataset=dataset,
        split=split,
        table=DigitTable(evaluation, history),
        validation=held_out,
        calibration=calibration,
        layers=layers,
        findings=health.findings,
        record=health.record,
        notes=_notes(saved, checkpoint, dataset, data, split),
    )


def _is_own(saved: SavedRun, dataset: Dataset) -> bool:
    try:
        saved.check_dataset(dataset)
    except RunError:
        return False
    return True


def _notes(
    saved: SavedRun, checkpoint: Checkpoint, dataset: Dataset, data: str | None, split: str
) -> list[str]:
    """What the page must say of the measuring; without the folders that stderr names."""
    found = []
    if saved.complaints:
        found.append("The latest checkpoint could not be read: an earlier one was measured.")
    if data is not None:
        found.append(f"Measured on {dataset.name}, as it was asked for.")
    elif not _is_own(saved, dataset):
        found.append("The data has changed since the run was trained: it is measured as it is now.")
    taught = taught_count(saved, checkpoint, dataset) if split == "test" else 0
    if taught is None:
        found.append("Some of the test digits may be drawings that the network was taught.")
    elif taught:
        of = counted(len(dataset.test_labels), "test digit")
        found.append(f"{taught:,} of {of} were taught to the network: they are not unseen.")
    return found
