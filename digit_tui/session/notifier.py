"""Tells a person who looks elsewhere that a run has ended, has diverged or has met its target."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import NamedTuple

from digit_tui.run.events import (
    Diverged,
    EpochEnded,
    Evaluated,
    Paused,
    RunEnded,
    RunStarted,
    Spiked,
    StepsDone,
)
from digit_tui.session.failures import Failed
from digit_tui.session.notify_choice import BELL, NONE, TERMINAL, Notify
from digit_tui.session.notify_command import COMMAND_SECONDS, run_command
from digit_tui.session.notify_terminal import BELL as BELL_BYTE
from digit_tui.session.notify_terminal import notification
from digit_tui.session.runner import RunnerEvent

LOOKS_SECONDS = 10.0
"""Who has seen a run train for less is taken to look still: no bell rings. Commands always run."""


class Told(NamedTuple):
    """What there is to do for the front end."""

    terminal: str
    """To be sent to the terminal as it is."""
    trouble: str
    """A line for the log: what went wrong."""


class Notifier:
    """Sees the events of a run, and tells what a person waits for.

    What takes time is done in a thread; the front end asks for what there is with `drain`.
    """

    def __init__(
        self,
        notify: Notify | None,
        target: float | None = None,
        alone: bool = False,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Begin to watch.

        Args:
            notify: how to tell it; None does not.
            target: the accuracy that the run should reach, as a fraction.
            alone: whether nobody steers the run, so that it may be another who ends it.
            environment: says which terminal it is.
        """
        self._notify = Notify(NONE) if notify is None else notify
        self._target = target
        self._alone = alone
        self._environment = environment
        self._told: SimpleQueue[Told] = SimpleQueue()
        self._threads: list[Thread] = []
        self._begin()

    def _begin(self) -> None:
        self._run = ""
        self._accuracy: float | None = None
        self._split = "test"
        self._trained = 0.0  # seconds, by this process
        self._ended = True  # whether its end has been told, or nothing was trained since
        self._met = self._target is None

    def see(self, event: RunnerEvent, repeated: bool = False) -> None:
        """Take in an event.

        Args:
            event: what happened.
            repeated: whether it had happened before: the run computes again what was undone.
        """
        match event:
            case RunStarted(run=run):
                self._begin()
                self._run = run or ""
            case StepsDone(seconds=seconds):
                self._trained += seconds
                self._ended = self._ended and repeated
            case Evaluated(evaluation=evaluation, split=split):
                self._accuracy, self._split = evaluation.accuracy, split
            case EpochEnded(epoch=epoch):
                self._split, _, self._accuracy = event.monitored
                if not self._met and self._target is not None and self._accuracy >= self._target:
                    self._met = True
                    self._tell("target", f"has met its target {self._target:.2%} at epoch {epoch}")
            case Diverged(epoch=epoch):
                self._tell_end("diverged", f"has diverged at epoch {epoch:.2f}")
            case Spiked(epoch=epoch):
                self._tell_end("diverged", f"has a loss spike at epoch {epoch:.2f}, and waits")
            case Paused(reason="finished", epoch=epoch):
                self._tell_end("ended", f"has ended after {epoch:.0f} epochs")
            case RunEnded(reason=reason, epochs=epochs) if self._alone or reason == "finished":
                why = "" if reason == "finished" else f", {reason}"
                self._tell_end("ended", f"has ended after {epochs} epochs{why}")
            case Failed(message=message):
                self._ended = False  # also before the first step
                self._tell_end("failed", f"cannot go on: {message}")
            case _:
                pass

    def _tell_end(self, name: str, words: str) -> None:
        """Tell that it trains no more, once."""
        if not self._ended:
            self._ended = True
            self._tell(name, words)

    def _tell(self, name: str, words: str) -> None:
        notify = self._notify
        right = "" if self._accuracy is None else f", {self._accuracy:.2%} ({self._split})"
        text = f"digit-tui: run {Path(self._run).name} {words}{right}".replace("run  ", "the run ")
        if notify.command:
            variables = {
                "DIGIT_TUI_EVENT": name,
                "DIGIT_TUI_RUN": self._run,
                "DIGIT_TUI_ACCURACY": "" if self._accuracy is None else repr(self._accuracy),
                "DIGIT_TUI_MESSAGE": text.replace("\0", " "),
            }
            self._start(lambda: Told("", run_command(notify.command, variables)))
        elif self._trained < LOOKS_SECONDS:
            return
        elif notify.way == BELL:
            self._told.put(Told(BELL_BYTE, ""))
        elif notify.way == TERMINAL:
            self._start(lambda: Told(notification(text, self._environment), ""))

    def _start(self, work: Callable[[], Told]) -> None:
        def do() -> None:
            self._told.put(work())

        thread = Thread(target=do, name="notify", daemon=True)
        thread.start()
        self._threads.append(thread)

    def drain(self) -> list[Told]:
        """What there is to do since it was asked for last."""
        found = []
        try:
            while True:
                found.append(self._told.get_nowait())
        except Empty:
            return found

    def finish(self, seconds: float = COMMAND_SECONDS + 1) -> list[Told]:
        """Wait for commands that are still running, then as `drain`."""
        deadline = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        return self.drain()


def send_to_terminal(text: str) -> None:
    """Write a control sequence to stderr, if that is a terminal: stdout is for results."""
    if not text or sys.stderr is None:
        return
    try:
        if sys.stderr.isatty():
            sys.stderr.write(text)
            sys.stderr.flush()
    except (OSError, ValueError):  # it is gone
        pass
