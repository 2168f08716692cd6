"""The headless front end: the same run without a screen. It owns stdout."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from types import FrameType
from typing import Any

from threadpoolctl import threadpool_limits

from digit_tui.config import RunConfig
from digit_tui.data import DataError, load_dataset, printable
from digit_tui.insight.confusion import confusion_matrix
from digit_tui.insight.report import report
from digit_tui.nn import evaluate
from digit_tui.output import Output, complain
from digit_tui.progress import Progress, progress_on_stderr
from digit_tui.status import Status
from digit_tui.training.commands import Stop
from digit_tui.training.events import (
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Event,
    RunEnded,
    RunStarted,
    SaveFailed,
    SettingChanged,
    to_json,
)
from digit_tui.training.mailbox import Mailbox
from digit_tui.training.run_folder import RunFolder, load_run
from digit_tui.training.team import TeamError
from digit_tui.training.trainer import Trainer
from digit_tui.training.weights import RunError

RESULTS = (RunStarted, EpochEnded, SettingChanged, Diverged, CheckpointSaved, RunEnded)
"""The events that --json prints, one a line."""

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@dataclass
class Interruption:
    """Signals that ask the run to end after the current step; a second one ends it at once."""

    mailbox: Mailbox
    signal: int | None = None
    _before: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Interruption:
        for number in SIGNALS:
            # A parent such as nohup ignores a signal for us: so it stays.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self.mailbox.send(Stop(reason="interrupted"))
        signal.signal(number, signal.SIG_DFL)


def run_batch(
    config: RunConfig, folder: Path | None, as_json: bool, target_accuracy: float | None
) -> int:
    """Train headless and report; returns the exit status.

    Args:
        config: how the run goes.
        folder: where it is saved; None is a fresh folder in the state directory.
        as_json: print events as JSON Lines instead of a report at the end.
        target_accuracy: a lower final test accuracy, as a fraction, is a status of its own.
    """
    mailbox = Mailbox()
    output = Output()
    with Interruption(mailbox) as interruption:
        try:
            dataset = load_dataset(config.data, config.side)
            run_folder = RunFolder(folder) if folder else RunFolder.fresh(config)
            trainer = Trainer(config, dataset, mailbox, run_folder)
            events_on_screen = as_json and sys.stdout is not None and sys.stdout.isatty()
            with progress_on_stderr(quiet=events_on_screen) as progress:
                troubles, ended = _watch(trainer, mailbox, output, progress, as_json)
        except DataError as error:
            complain(str(error))
            return Status.DATA
        except RunError as error:
            complain(str(error))
            return Status.USAGE
        except TeamError as error:
            complain(str(error))
            return Status.FAILURE
        except OSError as error:
            complain(f"cannot write the run's folder: {error.filename}: {error.strerror}")
            return Status.DISK
        if not as_json:
            output.line(_closing(ended, len(dataset.train_labels)))

    if interruption.signal is not None:
        return Status.SIGNALLED + interruption.signal
    if output.status is not None:
        return output.status
    if troubles:
        return troubles[0]
    if target_accuracy is not None and ended.test_accuracy < target_accuracy:
        complain(f"test accuracy {ended.test_accuracy} is below the target {target_accuracy}")
        return Status.TARGET_MISSED
    return Status.DONE


def _watch(
    trainer: Trainer, mailbox: Mailbox, output: Output, progress: Progress, as_json: bool
) -> tuple[list[Status], RunEnded]:
    """Follow a run to its end; returns what went wrong on the way, and the last event."""
    troubles: list[Status] = []
    ended: RunEnded | None = None
    for event in trainer.run():
        progress.show(event)
        if as_json and isinstance(event, RESULTS):
            output.line(_json_line(event))
            if output.status is not None:
                mailbox.send(Stop(reason="interrupted"))
        match event:
            case Diverged(message=message):
                complain(f"{message}; try a lower --lr, less --weight-decay, or --clip-norm 1")
                troubles.append(Status.DIVERGED)
                mailbox.send(Stop(reason="diverged"))
            case SaveFailed(message=message):
                complain(f"cannot save: {message}")
                troubles.append(Status.DISK)
            case RunEnded():
                ended = event
    assert ended is not None
    return troubles, ended


def _json_line(event: Event) -> str:
    return json.dumps(to_json(event), allow_nan=False)


def _closing(ended: RunEnded, images: int) -> str:
    """What a person sees at the end."""
    epochs = f"{ended.epochs} epoch{'s' if ended.epochs != 1 else ''}"
    return "\n".join(
        [
            report(ended.evaluation),
            f"Trained        {epochs} of {images:,} images, {ended.steps:,} steps, "
            f"in {ended.seconds:.1f} s ({ended.reason})",
            f"Run            {printable(ended.run or '')}",
        ]
    )


def evaluate_run(path: Path, data: str | None, as_json: bool) -> int:
    """Measure a saved run on a data set's test images; returns the exit status.

    Args:
        path: the run's folder.
        data: as --data; None is what the run was trained on.
        as_json: print one JSON object instead of a report.
    """
    output = Output()
    try:
        config, network, _ = load_run(path)
        dataset = load_dataset(data or config.data, config.side)
        if dataset.classes > network.sizes[-1]:
            raise DataError(
                f"{dataset.source} has {dataset.classes} classes, "
                f"but the network of {path} knows {network.sizes[-1]}"
            )
    except (DataError, RunError) as error:
        complain(str(error))
        return Status.DATA
    with threadpool_limits(limits=config.threads, user_api="blas"):
        evaluation = evaluate(network, dataset.test_images, dataset.test_labels)
    if as_json:
        result = {
            "test_accuracy": evaluation.accuracy,
            "test_correct": evaluation.correct,
            "test_total": evaluation.total,
            "test_loss": evaluation.loss if isfinite(evaluation.loss) else None,
            "confusion": confusion_matrix(evaluation).tolist(),
        }
        output.line(json.dumps(result, allow_nan=False))
    else:
        output.line(f"Data           {dataset.name} ({dataset.source})\n{report(evaluation)}")
    return output.status or Status.DONE
