"""What a headless run prints: events as JSON Lines, or a report at the end."""

from __future__ import annotations

import json

from digit_tui.insight.health.first_rate import highest_rate_of
from digit_tui.insight.lesson import Lesson
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
    Teaching,
    Warned,
    WentBack,
    WorkerLost,
)
from digit_tui.run.settings import Settings
from digit_tui.run.wording import line_for, worker_lost
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.final_report import final_report
from digit_tui.session.output import Output, print_error
from digit_tui.training.command_source import Mailbox

RESULTS = (
    *(RunStarted, Restored, EpochEnded, SettingChanged, WentBack, Diverged),
    *(Forked, ForkEnded, CheckpointSaved, WorkerLost, RunEnded),
)
"""The events that --json prints, one a line."""


class EventPrinter:
    """Prints events as they happen, and notes those that decide the exit status.

    Attributes:
        troubles: the exit statuses of what went wrong, in order.
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
        self._lesson: Lesson | None = None
        self._resumed = False
        self._settings: Settings | None = None

    def add(self, event: Event) -> None:
        """Print an event, if it is to be printed."""
        inner = event.event if isinstance(event, BranchEvent) else event
        if self._as_json and isinstance(inner, RESULTS):
            self._output.line(json.dumps(event_to_json(event), allow_nan=False))
            if self._output.status is not None:
                self._mailbox.send(Stop(reason="interrupted"))
        match inner:
            case RunStarted(settings=settings):
                self._settings = settings
            case Restored(complaints=complaints, settings=settings):
                self._resumed, self._settings = True, settings
                for complaint in complaints:
                    print_error(complaint)
            case Diverged(message=message):
                who = "the fork: " if inner is not event else ""
                other = "a new run with a lower" if self._resumed else "a lower"
                print_error(f"{who}{message}; try {other} --lr{self._or_else()}")
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
            case Warned(message=message):
                print_error(message)
            case WorkerLost():
                print_error(worker_lost(inner))
            case Teaching(unknown=unknown) if unknown:
                print_error(line_for(inner) or "")
            case Forked():
                self.forked = inner
            case SettingChanged(lesson=Lesson() as lesson):
                self._lesson = lesson
            case RunEnded():
                if inner is event:
                    self.ended = inner
                    _tell_of_guessing(inner)
                else:
                    self.fork_ended = inner

    def _or_else(self) -> str:
        """What may help a network that diverged beside a lower rate; "" if that is the reason."""
        settings = self._settings
        if settings is None or settings.learning_rate > highest_rate_of(settings.optimizer):
            return ""
        ways = [", less --weight-decay"] if settings.weight_decay else []
        if settings.clip_norm is None and settings.clip_value is None:
            ways.append(", or --clip-norm 1")
        return "".join(ways)

    def report(self, images: int) -> str:
        """The report for a person at the end.

        Args:
            images: the number of training images.
        """
        fork = None
        if self.forked is not None and self.fork_ended is not None:
            fork = self.forked, self.fork_ended
        return final_report(self.ended, images, fork, self._lesson)


def _tell_of_guessing(ended: RunEnded) -> None:
    """Say so if a run that came to its end has learned nothing: else it looks like any other."""
    predictions, split = ended.evaluated.evaluation.predictions, ended.evaluated.split
    if ended.reason == "finished" and ended.steps and (predictions == predictions[0]).all():
        read = f"every {split} digit is read as {predictions[0]}"
        print_error(f"{read}: the network only guesses; another --lr may help")
