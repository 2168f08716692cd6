"""Progress of a sweep on stderr: a line for each trial, and on a terminal a bar below them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from digit_tui.batch.progress import bars_on_stderr
from digit_tui.data import counted, printable
from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.space import value_words
from digit_tui.sweep.space_text import dimension_words
from digit_tui.sweep.study import Sweep, best_of

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


class SweepProgress:
    """Lines on stderr."""

    def __init__(self, sweep: Sweep, workers: int) -> None:
        self._sweep = sweep
        self._best: tuple[float, int] | None = None
        self._ended = 0
        self._look()
        self._most = sweep.most_trials()
        self._running: dict[int, str] = {}
        plan = sweep.plan
        words = " ".join(dimension_words(each) for each in plan.space)
        budget = "" if self._most is None else f", {counted(self._most, 'trial')}"
        if plan.sampler == "grid":
            budget += f" of a grid of {counted(plan.grid_size(), 'point')}"
        if plan.minutes is not None:
            budget += f", {plan.minutes:g} minutes"
        count = f"{workers} worker" + "s" * (workers != 1)
        self.say(f"sweep {sweep.place.study}: {words} by {plan.sampler}{budget}, {count}")
        if self._ended:
            self.say(f"{counted(self._ended, 'trial')} ended before")

    def _look(self) -> None:
        """See how far the study is: others may work on it, too."""
        with contextlib.suppress(StudyError):
            trials = self._sweep.trials()
            self._ended = sum(trial.state.is_finished() for trial in trials)
            for trial in best_of(trials):
                self._best = trial.value or 0.0, trial.number

    def say(self, line: str) -> None:
        """A line of text."""
        with contextlib.suppress(OSError):  # a sweep must not fail because of its progress
            print(printable(line), file=sys.stderr, flush=True)

    def show(self, event: dict[str, Any]) -> None:
        """Tell an event, if it is worth a line."""
        match event["event"]:
            case "trouble":
                self.say(f"digit-tui: {event['message']}")
            case "worker_lost":
                self.say(
                    f"trial {event['trial']}: worker {event['worker']} is lost; it goes on from "
                    f"epoch {event['epoch']}"
                )
            case "trial_started":
                self._running[event["trial"]] = ""
            case "trial_epoch":
                if event["trial"] in self._running:
                    self._running[event["trial"]] = f"{event['epoch']}/{event['epochs']}"
            case "trial_left":
                self._running.pop(event["trial"], None)
                self.say(f"trial {event['trial']} waits, at epoch {event['epochs']}")
            case "trial_ended":
                self._running.pop(event["trial"], None)
                self._look()
                self.say(self._trial_line(event))
        self.draw()

    def draw(self) -> None:
        """Draw what is under way; lines have nothing to draw."""

    def _trial_line(self, event: dict[str, Any]) -> str:
        accuracy = event["accuracy"]
        count = f"{self._ended}" + (f"/{self._most}" if self._most else "")
        shown = "      -" if accuracy is None else f"{accuracy:7.2%}"
        mark = " best" if self._best and self._best[1] == event["trial"] else ""
        state = "" if event["state"] == "complete" else f" {event['state']}"
        why = f" ({event['why']})" if "why" in event else ""
        params = " ".join(
            f"{name}={value_words(value, name)}" for name, value in event["params"].items()
        )
        return (
            f"{count}  trial {event['trial']}  {shown}{mark}{state}  {params}  "
            f"{counted(event['epochs'], 'epoch')}  {event['seconds']:.1f} s{why}"
        )


class QuietProgress(SweepProgress):
    """Troubles alone: the events are on the terminal already."""

    def show(self, event: dict[str, Any]) -> None:
        if event["event"] == "trouble":
            super().show(event)


class BarProgress(SweepProgress):
    """Lines above a bar."""

    def __init__(self, sweep: Sweep, workers: int, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=sweep.most_trials())
        super().__init__(sweep, workers)
        self.draw()

    def say(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self._bars.console.print(printable(line), markup=False, highlight=False)

    def draw(self) -> None:
        best = "" if self._best is None else f"best {self._best[0]:.2%}"
        under_way = ", ".join(
            f"{number}{': ' + place if place else ''}" for number, place in self._running.items()
        )
        words = "  ".join(each for each in (best, under_way) if each)
        with contextlib.suppress(OSError):
            self._bars.update(self._task, completed=self._ended, description=words)


@contextlib.contextmanager
def progress_on_stderr(sweep: Sweep, workers: int, as_json: bool) -> Iterator[SweepProgress]:
    """Progress that suits stderr."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield SweepProgress(sweep, workers)
        return
    if as_json and sys.stdout is not None and sys.stdout.isatty():
        yield QuietProgress(sweep, workers)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

    columns = (
        TextColumn("trials"),
        BarColumn(20),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with bars_on_stderr(*columns) as bars:
        yield BarProgress(sweep, workers, bars)
