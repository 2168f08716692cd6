"""`digit-tui calibrate`: fits the temperature of a saved run on digits it was not trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from digit_tui.batch import StopOnSignal
from digit_tui.batch.progress import progress_on_stderr
from digit_tui.cli.evaluate_saved import open_saved
from digit_tui.cli.saved_runs import read_run
from digit_tui.data import Dataset, printable
from digit_tui.engine.holdout import PARTS, fold, hold_out
from digit_tui.insight.calibration import Measures, fit_temperature, measure
from digit_tui.insight.calibration_report import BETTER, comparison_lines, worsening
from digit_tui.insight.novelty import NoveltyScorer, threshold_of
from digit_tui.nn import Evaluation, Network, evaluate
from digit_tui.run.events import Evaluated, Refused, RunEnded
from digit_tui.session import signals
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import EXPECTED, failure_of, print_failure
from digit_tui.session.output import Output, print_error
from digit_tui.storage.calibration_file import Calibration, remove_calibration, write_calibration
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import CALIBRATION
from digit_tui.training.command_source import Mailbox
from digit_tui.training.fold_copy import fold_trainer

STILL = "It has the least negative log-likelihood; their error is partly chance."
OF_A_COPY = (
    "A copy that learned from fewer digits is less sure than the run: evaluate says whether the\n"
    "temperature helps on the test digits. One from a run with --validation is free of this."
)
"""Said where no digits were held out of the run itself."""


def calibrate_run(name: str, best: bool, folds: int, as_json: bool) -> int:
    """Fit the temperature of a saved run and save it in its folder; returns the exit status.

    Args:
        name: the run's folder, or its name; see `find_run`.
        best: of the checkpoint with the best accuracy instead of the last.
        folds: copies to train, 1 to `PARTS`, if the run holds no digits out.
        as_json: print one JSON object instead of lines.
    """
    mailbox = Mailbox()
    stop = StopOnSignal(mailbox)
    output = Output()
    try:
        saved = read_run(name)
        checkpoint, dataset = open_saved(saved, None, best)
        if (began := saved.began_with) is not None:
            print_error(
                f"the run began with the weights of {began}: what they were trained on is not "
                "known, and if digits that are held out now were among it, they look too easy"
            )
        validation = saved.config.validation
        if saved.teacher_about is not None and not validation:
            print_error(
                "the run has a teacher, which may have been trained on the digits that are held "
                "out now: then they look too easy"
            )
        if validation:
            own = hold_out(dataset, validation)
            with threadpool_limits(limits=saved.config.threads, user_api="blas"):
                evaluation = evaluate(checkpoint.network, *own.split("validation"))
            parts = [(evaluation, _novelty(checkpoint.network, own))]
        else:
            with signals.handled_by(stop):
                parts = [
                    _evaluate_copy(checkpoint, saved.path, dataset, number, folds, mailbox)
                    for number in range(folds)
                    if stop.number is None
                ]
            if stop.number is not None:
                return ExitStatus.SIGNALLED + stop.number
        evaluation = _together([part for part, _ in parts])
        temperature = fit_temperature(evaluation)
        before, after = measure(evaluation), measure(evaluation, temperature)
        if before is None or after is None:
            raise RunError(f"{saved.path} has no temperature: its weights are not finite")
        calibration = Calibration(
            step=checkpoint.state.step,
            weights_sha256=checkpoint.state.weights_sha256,
            held_out=evaluation.total,
            folds=0 if validation else folds,
            temperature=temperature,
            ece_before=before.ece,
            ece_after=after.ece,
            nll_before=before.nll,
            nll_after=after.nll,
            novelty_threshold=threshold_of(np.concatenate([scores for _, scores in parts])),
        )
        write_calibration(saved.path, calibration)
    except EXPECTED as error:
        return print_failure(failure_of(error, action="write"))
    if as_json:
        output.line(json.dumps(_json_values(calibration, before, after), allow_nan=False))
    else:
        for line in _lines(calibration, before, after):
            output.line(line)
        output.line(printable(f"Saved in {saved.path / CALIBRATION}"))
    return output.status or ExitStatus.DONE


def remove(name: str) -> int:
    """Remove what `calibrate_run` saved of a run; returns the exit status."""
    output = Output()
    try:
        path = remove_calibration(read_run(name).path)
    except EXPECTED as error:
        return print_failure(failure_of(error, action="remove"))
    output.line(printable(f"Removed {path}"))
    return output.status or ExitStatus.DONE


def _evaluate_copy(
    checkpoint: Checkpoint,
    folder: Path,
    dataset: Dataset,
    number: int,
    folds: int,
    mailbox: Mailbox,
) -> tuple[Evaluation, NDArray[Any]]:
    """Train a copy of the run without one part of the training set, and evaluate it on that.

    Returns:
        The evaluation of the part, and the novelty scores (n,) of its digits.
    """
    copy = f"copy {number + 1} of {folds}" if folds > 1 else "a copy"
    print_error(f"training {copy} of the run, without a part of the digits")
    held_out = fold(dataset, number)
    trainer = fold_trainer(checkpoint, folder, held_out, mailbox)
    found: Evaluated | None = None
    with progress_on_stderr(quiet=False) as progress:
        for event in trainer.run():
            progress.show(event)
            if isinstance(event, Refused) and not mailbox.stopping():
                # It would be another network than the run's.
                raise RunError(f"the copy of fold {number + 1}: {event.message}")
            if isinstance(event, Evaluated) and event.split == "validation":
                found = event
            if isinstance(event, RunEnded):
                if event.reason == "diverged":
                    raise RunError(f"the copy of fold {number + 1} diverged: nothing was fitted")
                if event.evaluated.split == "validation":  # it ended within an epoch
                    found = event.evaluated
    assert found is not None
    return found.evaluation, _novelty(found.network, held_out)


def _novelty(network: Network, dataset: Dataset) -> NDArray[Any]:
    """(n,) novelty scores of the digits that are held out of a dataset."""
    images, _ = dataset.split("validation")
    with threadpool_limits(limits=1, user_api="blas"):  # the components: others would spin
        return NoveltyScorer(network, dataset.train_images).score(images)


def _together(parts: list[Evaluation]) -> Evaluation:
    return Evaluation(
        np.concatenate([each.labels for each in parts]),
        np.concatenate([each.probabilities for each in parts]),
        np.concatenate([each.losses for each in parts]),
    )


def _json_values(calibration: Calibration, before: Measures, after: Measures) -> dict[str, Any]:
    values = {name: getattr(calibration, name) for name in Calibration.__dataclass_fields__}
    return values | {"coverage_before": before.coverage, "coverage_after": after.coverage}


def _lines(calibration: Calibration, before: Measures, after: Measures) -> list[str]:
    count, folds = f"{calibration.held_out:,}", calibration.folds
    source = (
        f"{count} digits that {folds} of {PARTS} folds held out of the training set"
        if folds
        else f"{count} validation digits"
    )
    return [
        f"Fitted on {source}, for step {calibration.step:,}",
        *comparison_lines(before, after),
        BETTER,
        *([f"{worse} {STILL}"] if (worse := worsening(before, after)) else []),
        *([OF_A_COPY] if folds else []),
    ]
