"""What is known of a run and its fork, by the events that came."""

from __future__ import annotations

import sys
import warnings

from digit_tui.api.history import EpochLog
from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.events import (
    BranchEvent,
    CheckpointSaved,
    Diverged,
    Event,
    Forked,
    ForkEnded,
    Inspected,
    SaveFailed,
    Spiked,
    Warned,
)
from digit_tui.session.fork_status import ForkRunStatus
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import Loaded

SLOWER = "a smaller learning_rate may help"
"""What to do about a trouble that nobody can undo."""


class Known:
    """A run and its fork, as the trainer has confirmed them.

    Attributes:
        status: where the run is.
        log: the epochs of the run.
        fork_log: those of its fork; None if there is none.
        fork_ends: the forks that have ended, each with how.
        inspected: copies of the state of the "run" and its "fork" when it was last at rest.
        folder: of the run; None if it is in memory.
        saved: the last checkpoint in this process; None if there is none.
        trouble: why the network diverged, in words; None if it did not lately.
        undoable: whether who is told of a trouble has the run, and its `undo`.
    """

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        self.status = RunStatus(config)
        self.status.ingest(Loaded(dataset))
        self.log = EpochLog()
        self.fork_log: EpochLog | None = None
        self.fork_ends: list[tuple[ForkRunStatus, ForkEnded]] = []
        self.inspected: dict[str, Inspected] = {}
        self.folder: str | None = None
        self.saved: CheckpointSaved | None = None
        self.trouble: str | None = None
        self.undoable = True
        self._told: set[str] = set()

    def ingest(self, event: Event) -> None:
        """Take in an event; what a person must hear of becomes a warning."""
        fork = self.status.fork
        self.status.ingest(event)
        self.log.ingest(event)
        match event:
            case Inspected():
                self.inspected["run"] = event
            case BranchEvent(Inspected() as inspected, branch):
                self.inspected[branch] = inspected
            case BranchEvent(inner):
                if self.fork_log is not None:
                    self.fork_log.ingest(inner)
            case Forked():
                self.fork_log = self.log.copy()
            case ForkEnded():
                self._end_fork(event, fork)
            case Diverged(message=message):
                self.trouble = message
            case Spiked(message=message):
                advice = "undo() goes back" if self.undoable else SLOWER
                self._warn(f"{message}; it trains on, {advice}")
            case CheckpointSaved():
                self.saved = event
            case Warned(message=message):
                self._warn(message)
            case SaveFailed(message=message):
                self._warn(f"cannot save: {message}")

    def _end_fork(self, event: ForkEnded, fork: ForkRunStatus | None) -> None:
        if event.kept == "fork" and self.fork_log is not None:
            self.log, self.folder = self.fork_log, self.status.folder
        self.fork_log = None
        if fork is not None:
            self.fork_ends.append((fork, event))
        if event.reason == "diverged":
            self._warn(f"of the run and its fork one diverged: it goes on as the {event.kept}")

    def _warn(self, message: str) -> None:
        if message not in self._told:  # it is tried again and again
            self._told.add(message)
            warnings.warn(message, RuntimeWarning, stacklevel=_callers_level())


def _callers_level() -> int:
    """The stack level, counted from who asks, of the program's line that led here."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "digit_tui":
        frame, level = frame.f_back, level + 1
    return level
