"""The headless front end: the same run without a screen. It owns stdout."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from digit_tui.batch.progress import progress_on_stderr
from digit_tui.data import DataError
from digit_tui.engine.worker_pool import WorkerPoolError
from digit_tui.run.commands import Stop
from digit_tui.run.event_json import event_to_json
from digit_tui.run.events import (
    BranchEvent,
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Event,
    Forked,
    ForkEnded,
    Paused,
    Refused,
    Restored,
    RunEnded,
    RunStarted,
    SaveFailed,
    SettingChanged,
    WentBack,
)
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.final_report import final_report
from digit_tui.session.output import Output, print_error
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

RESULTS = (
    *(RunStarted, Restored, EpochEnded, SettingChanged, WentBack, Diverged),
    *(Forked, ForkEnded, CheckpointSaved, RunEnded),
)
"""The events that --json prints, one a line."""

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@dataclass
class Interruption:
    """Signals that ask the run to end after the steps under way; a second one ends it at once."""

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


def run_batch(request: RunRequest, as_json: bool, target_accuracy: float | None) -> int:
    """Train headless and report; returns the exit status.

    Args:
        request: which run.
        as_json: print events as JSON Lines instead of a report at the end.
        target_accuracy: a lower final test accuracy, as a fraction, is a status of its own.
    """
    mailbox = Mailbox()
    output = Output()
    with Interruption(mailbox) as interruption:
        try:
            dataset = request.load_dataset()
            trainer = request.trainer(dataset, mailbox, interactive=False)
            events_on_screen = as_json and sys.stdout is not None and sys.stdout.isatty()
            with progress_on_stderr(quiet=events_on_screen) as progress:
                printer = EventPrinter(mailbox, output, as_json)
                for event in trainer.run():
                    progress.show(event)
                    printer.add(event)
        except DataError as error:
            print_error(str(error))
            return ExitStatus.DATA
        except RunError as error:
            print_error(str(error))
            return ExitStatus.USAGE if isinstance(error, RunTaken) else ExitStatus.DATA
        except WorkerPoolError as error:
            print_error(str(error))
            return ExitStatus.FAILURE
        except OSError as error:
            print_error(f"cannot write the run's folder: {error.filename}: {error.strerror}")
            return ExitStatus.DISK
        if not as_json:
            output.line(printer.report(len(dataset.train_labels)))

    if interruption.signal is not None:
        return ExitStatus.SIGNALLED + interruption.signal
    if output.status is not None:
        return output.status
    if printer.troubles:
        return printer.troubles[0]
    return _judge(printer, request, target_accuracy)


def _judge(printer: EventPrinter, request: RunRequest, target_accuracy: float | None) -> ExitStatus:
    """Whether a run that went well was what it should have been."""
    ended = printer.ended
    if request.fork is not None and printer.forked is None:
        print_error(f"--fork-at {request.fork[0]}: the run ended at step {ended.steps}")
        return ExitStatus.USAGE
    if request.replay is not None:
        # A run that was left on the way to where it once stood has results of an earlier step.
        results = request.replay.record["results"] or {}
        before = results.get("weights_sha256")
        if results.get("steps") == ended.steps and before != ended.weights_sha256:
            print_error(f"the weights are not those of {request.replay.path}: {before}")
            return ExitStatus.FAILURE
    if target_accuracy is not None and ended.monitored_accuracy < target_accuracy:
        reached = f"{request.config.monitored_split} accuracy {ended.monitored_accuracy}"
        print_error(f"{reached} is below the target {target_accuracy}")
        return ExitStatus.TARGET_MISSED
    return ExitStatus.DONE


class EventPrinter:
    """A run as a script sees it: events as they happen, or a report at the end.

    Attributes:
        troubles: what went wrong on the way.
        ended: the run's last event.
        forked: how a fork began; `fork_ended` is its last event.
    """

    ended: RunEnded

    def __init__(self, mailbox: Mailbox, output: Output, as_json: bool) -> None:
        self._mailbox = mailbox
        self._output = output
        self._as_json = as_json
        self.troubles: list[ExitStatus] = []
        self._refusals: set[str] = set()
        self.forked: Forked | None = None
        self.fork_ended: RunEnded | None = None

    def add(self, event: Event) -> None:
        """Take notice of what happened."""
        inner = event.event if isinstance(event, BranchEvent) else event
        if self._as_json and isinstance(inner, RESULTS):
            self._output.line(json.dumps(event_to_json(event), allow_nan=False))
            if self._output.status is not None:
                self._mailbox.send(Stop(reason="interrupted"))
        match inner:
            case Restored(complaints=complaints):
                for complaint in complaints:
                    print_error(complaint)
            case Diverged(message=message):
                who = "the fork: " if inner is not event else ""
                print_error(
                    f"{who}{message}; try a lower --lr, less --weight-decay, or --clip-norm 1"
                )
                self.troubles.append(ExitStatus.DIVERGED)
            case Paused(reason="diverged"):
                self._mailbox.send(Stop(reason="diverged"))
            case Refused(message=message):
                print_error(message)
                self.troubles.append(ExitStatus.USAGE)
            case SaveFailed(message=message):
                if message not in self._refusals:  # it is tried again and again
                    self._refusals.add(message)
                    print_error(f"cannot save: {message}")
                self.troubles.append(ExitStatus.DISK)
            case Forked():
                self.forked = inner
            case RunEnded():
                if inner is event:
                    self.ended = inner
                else:
                    self.fork_ended = inner

    def report(self, images: int) -> str:
        """What a person sees at the end.

        Args:
            images: how many there are to train on.
        """
        fork = None
        if self.forked is not None and self.fork_ended is not None:
            fork = self.forked, self.fork_ended
        return final_report(self.ended, images, fork)
