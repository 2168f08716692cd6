"""A sweep that is under way, as a front end sees it: events of its workers, and steering."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import Any

from digit_tui.sweep.board import Board, board_of
from digit_tui.sweep.crew import Crew, Event
from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.study import Sweep
from digit_tui.sweep.summary import Summary, summarize, summary_lines

IMPORTANCE_SECONDS = 5.0
"""The importance of settings is computed at most so often."""


class RunningSweep:
    """The study, and the workers on this machine.

    Attributes:
        sweep: the study.
        crew: the workers.
        troubles: what went wrong, in order.
    """

    def __init__(self, sweep: Sweep, crew: Crew, workers: int) -> None:
        """Start some workers.

        Raises:
            OSError: if the system refuses.
        """
        self.sweep = sweep
        self.crew = crew
        self.troubles: list[str] = []
        self._summary: Summary | None = None
        self._importance: tuple[tuple[str, float], ...] | None = None
        self._weighed = 0.0
        try:
            for _ in range(workers):
                crew.add()
        except OSError:
            crew.kill()
            raise

    def next_event(self, seconds: float = 0.2) -> Event | None:
        """What happened, if something did in this time."""
        event = self.crew.next_event(seconds)
        if event is not None and event["event"] == "trouble":
            self.troubles.append(event["message"])
        return event

    def snapshot(self) -> Board:
        """What is known of the sweep now; may take some tenths of a second.

        Raises:
            StudyError: if the storage does not answer.
        """
        importance = self._importance
        if importance is None or monotonic() - self._weighed > IMPORTANCE_SECONDS:
            importance = None
        board = board_of(self.sweep.study, storage=self.sweep.place.words, importance=importance)
        if importance is None:
            self._importance, self._weighed = board.importance, monotonic()
        shown = {trial.number for trial in self.sweep.trials()}
        return replace(board, trials=tuple(row for row in board.trials if row.number in shown))

    def pause(self) -> None:
        """Have all workers, on all machines, wait after the epoch under way."""
        self.sweep.set_paused(True)

    def go_on(self) -> None:
        """Have them go on."""
        self.sweep.set_paused(False)

    def stop(self) -> None:
        """Have all workers, on all machines, save their runs and end."""
        self.sweep.stop()

    def leave(self) -> None:
        """Have the workers on this machine save their runs and end; others go on."""
        self.crew.end()

    def add_worker(self) -> None:
        """One more on this machine.

        Raises:
            OSError: if the system refuses.
        """
        self.crew.add()

    def remove_worker(self) -> None:
        """One less on this machine, but the last: its run is saved, and goes on elsewhere."""
        self.crew.remove()

    def ended(self) -> bool:
        """Whether no worker is left on this machine, and all that they told was read."""
        return self.crew.silent

    def summary(self, measure: bool = True) -> Summary:
        """What came of it; the best trials are measured on the test set if all is done.

        Raises:
            StudyError: if the storage does not answer.
        """
        if self._summary is None:
            reason = self.sweep.end_words() or ("trials" if self.sweep.done() else "left")
            self._summary = summarize(self.sweep, reason, measure and reason != "left")
        return self._summary

    def farewell(self) -> str:
        """What is to be said at the end: the summary, and how it goes on if it is not done."""
        try:
            summary = self.summary()
        except StudyError as error:
            return f"digit-tui: {error}"
        lines = summary_lines(summary)
        if summary.reason != "trials":
            lines.append(f"Go on with: {join_command(self.sweep)}")
        return "\n".join(lines)


def join_command(sweep: Sweep) -> str:
    """The command with which a sweep goes on."""
    place = sweep.place
    return f"digit-tui sweep join {place.study if place.is_at_home else place.folder}"


def started_event(sweep: Sweep, workers: int) -> dict[str, Any]:
    """The first event."""
    plan = sweep.plan.to_json()
    return {
        "event": "sweep_started",
        "study": sweep.place.study,
        "storage": sweep.place.words,
        "runs": str(sweep.place.folder),
        "space": plan["space"],
        "sampler": plan["sampler"],
        "pruner": plan["pruner"],
        "seeds": plan["seeds"],
        "budget": plan["budget"],
        "options": {**plan["options"], "preset": plan["preset"]},
        "workers": workers,
    }
