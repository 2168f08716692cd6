"""`digit-tui import`: begins a run with the weights of a file."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path

from threadpoolctl import threadpool_limits

from digit_tui.batch import StopOnSignal
from digit_tui.cli.loading import prepare_pictures
from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import DataError, Dataset, counted, printable
from digit_tui.export.optional_package import MissingPackage
from digit_tui.export.weight_files import ReadWeights, read_weights
from digit_tui.insight.significance import interval_words
from digit_tui.nn import Evaluation, evaluate
from digit_tui.run.commands import Save, Stop
from digit_tui.run.events import Event, RunEnded, SaveFailed
from digit_tui.session import signals
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import EXPECTED, failure_of, print_failure, reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.storage.initial_weights import InitialWeights
from digit_tui.storage.run_index import run_name
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

MNIST_MEAN, MNIST_STD = 0.1307, 0.3081
"""What PyTorch's examples normalise MNIST's pixels with."""


@reports_failures
def import_network(
    path: Path,
    normalisation: tuple[float, float] | None,
    folder: Path | None,
    as_json: bool,
    config: RunConfig,
    side: int | None,
) -> int:
    """Begin a run with the weights of a file, and save it; returns the exit status.

    Args:
        path: the file.
        normalisation: mean and standard deviation that pixels were normalised with.
        folder: where the run is saved; None is a new folder in the state directory.
        as_json: print one JSON object instead of lines.
        config: the options of the run; its layers are those of the file.
        side: of the images, if it was asked for.
    """
    try:
        found = read_weights(path)
    except MissingPackage as error:
        print_error(str(error))
        return ExitStatus.FAILURE
    if normalisation is not None:
        mean, std = normalisation
        if not isfinite(mean) or not isfinite(std) or not std > 0:
            print_error(f"--mean {mean:g} --std {std:g}: finite numbers, the second above 0")
            return ExitStatus.USAGE
        found = found.normalised(mean, std)
    sizes = found.network.sizes
    if side not in (None, found.side):
        raise DataError(f"{path}: it reads images of side {found.side}, not {side} (--side)")
    try:
        config = config.with_(hidden=sizes[1:-1], side=found.side)
    except ConfigError as error:
        raise DataError(f"{path}: {error}") from None
    initial = InitialWeights(found.network.parameters, path.name)
    request = RunRequest(config, folder, initial=initial, processes=1)  # nothing is trained
    prepare_pictures(config.data)
    dataset = request.load_dataset()
    if dataset.classes != sizes[-1]:
        raise DataError(
            f"{path}: it tells {counted(sizes[-1], 'class', 'classes')} apart, and "
            f"{dataset.source} has {dataset.classes}; name another dataset with --data"
        )
    for note in (*dataset.notes, *found.notes):
        print_error(note)
    ended = _begin(request, dataset)
    if isinstance(ended, int):
        return ended
    return _report(ended, found, dataset, path, as_json, guess=normalisation is None)


def _begin(request: RunRequest, dataset: Dataset) -> RunEnded | int:
    """Have the run evaluated and saved before its first step; its last event, or a status."""
    mailbox = Mailbox()
    stop = StopOnSignal(mailbox)
    mailbox.send(Save())
    mailbox.send(Stop())
    events: list[Event] = []
    with signals.handled_by(stop):
        try:
            events += request.trainer(dataset, mailbox, interactive=False).run()
        except EXPECTED as error:
            return print_failure(failure_of(error, request.path, "write the run's folder:"))
    for event in events:
        if isinstance(event, SaveFailed):
            print_error(event.message)
            return ExitStatus.DISK
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    return ended


def _report(
    ended: RunEnded, found: ReadWeights, dataset: Dataset, path: Path, as_json: bool, guess: bool
) -> int:
    evaluated = ended.evaluated
    evaluation, split = evaluated.evaluation, evaluated.split
    name = run_name(Path(ended.run or ""))
    output = Output()
    if as_json:
        values = {
            "name": name,
            "run": ended.run,
            "network": found.network.sizes,
            f"{split}_accuracy": evaluation.accuracy,
            f"{split}_correct": evaluation.correct,
            f"{split}_total": evaluation.total,
            "weights_sha256": ended.weights_sha256,
            "notes": found.notes,
        }
        output.line(json.dumps(values, allow_nan=False))
    else:
        accuracy = interval_words(evaluation.correct, evaluation.total)
        title = "Test accuracy" if split == "test" else "Validation"
        for line in (
            f"Run            {name}",
            f"Began with     {path}: {'-'.join(map(str, found.network.sizes))}",
            f"Data           {dataset.name} ({dataset.source})",
            f"{title:<15}{accuracy}",
            f"Next           digit-tui mistakes {name}",
            f"               digit-tui --resume {name}",
        ):
            output.line(printable(line))
    if guess and (better := _if_normalised(found, dataset, evaluation)) is not None:
        print_error(
            f"with --mean {MNIST_MEAN} --std {MNIST_STD}, as PyTorch's examples normalise MNIST, "
            f"it would be {better:.2%}"
        )
    return output.status or ExitStatus.DONE


def _if_normalised(found: ReadWeights, dataset: Dataset, evaluation: Evaluation) -> float | None:
    """The accuracy of the network if it takes normalised pixels, where that is clearly higher."""
    network = found.normalised(MNIST_MEAN, MNIST_STD).network
    with threadpool_limits(limits=1, user_api="blas"):
        other = evaluate(network, *dataset.split(dataset.monitored_split))
    # Fewer than three quarters of the errors: a network trained without it does not gain so much.
    errors, others = evaluation.total - evaluation.correct, other.total - other.correct
    return other.accuracy if others < 0.75 * errors and errors - others > 5 else None
