"""The dialogs of a sweep: a trial, and what becomes of the sweep when its screen is left."""

from __future__ import annotations

import shlex

import numpy as np
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Label, Static

from digit_tui.data import printable
from digit_tui.storage.run_index import run_name
from digit_tui.sweep.board import Board, TrialRow
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing
from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.sweep.words import (
    accuracy_words,
    epoch_words,
    seconds_words,
    state_words,
    value_words,
)
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart

NAMES = 12
"""Columns for the names of facts, at least."""
FEW = 6
"""Up to so many epochs each has a tick, and there is none between them."""


class TrialDialog(Dialog[bool | None]):
    """All that is known of a trial; True opens its run. It follows the trial while it is open."""

    SCROLLS = True
    MESSAGE = False
    BINDINGS = [
        Binding("enter,o", "open_run", "Open run", key_display="enter"),
        Binding("escape,q", "dismiss(None)", "Close", key_display="esc"),
    ]

    def __init__(self, board: Board, trial: TrialRow) -> None:
        """Make it.

        Args:
            board: of the sweep.
            trial: one of its trials.
        """
        super().__init__()
        self.title = f"Trial {trial.number}"
        self._board = board
        self._trial = trial

    @property
    def trial(self) -> TrialRow:
        """As it was at the last look."""
        return self._trial

    def compose_content(self) -> ComposeResult:
        yield Static(facts_text(self._board, self._trial), id="trial-facts")
        yield Chart("Accuracy by epoch", id="trial-curve")
        yield Static(commands_text(self._trial), id="trial-commands")

    def on_mount(self) -> None:
        self._draw_curve()

    def on_resize(self) -> None:
        self._draw_curve()

    def follow(self, board: Board) -> None:
        """Show what the trial has become."""
        trial = next((each for each in board.trials if each.number == self._trial.number), None)
        if trial is None or not self.is_mounted:
            return
        before, self._board, self._trial = self._trial, board, trial
        if trial != before:
            self.query_one("#trial-facts", Static).update(facts_text(board, trial))
            self.query_one("#trial-commands", Static).update(commands_text(trial))
            self._draw_curve()

    def _draw_curve(self) -> None:
        trial = self._trial
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        for chart in self.query(Chart).results(Chart):
            x = np.arange(1, len(trial.accuracies) + 1, dtype=np.float64)
            curve = Curve(x, np.array(trial.accuracies, np.float64), "held-out")
            span = 1.0, float(max(trial.epochs, len(x), 2))
            few = int(span[1] - 1) if span[1] <= FEW else None
            chart.draw(Drawing([curve], span, [], percent=True, marker=marker, most_ticks=few))

    def action_open_run(self) -> None:
        if self._trial.run is None:
            self.app.notify("This trial has no run yet.", markup=False)
        else:
            self.dismiss(True)


def facts_text(board: Board, trial: TrialRow) -> Text:
    """State and settings of a trial, in two columns."""
    rank = next((n for n, each in enumerate(board.ranked, 1) if each.number == trial.number), None)
    accuracy = accuracy_words(trial.accuracy)
    if trial.state == "running" and accuracy:
        accuracy += " so far"
    elif rank is not None:
        accuracy += f", {rank}. of {len(board.ranked):,} complete"
    epochs, worker = epoch_words(trial), printable(trial.worker or "")
    facts = {
        "state": state_words(trial.state) + (f", {worker}" if worker else ""),
        "accuracy": accuracy,
        "epoch": epochs,
        "time": seconds_words(trial.seconds) if trial.seconds else "",
        **{name: value_words(value, name) for name, value in trial.params.items()},
    }
    width = max([NAMES, *(len(name) for name in facts)])
    text = Text()
    for name, value in facts.items():
        if value:
            text.append(f"{name:<{width}} ", "bold").append(f"{value}\n")
    text.right_crop(1)
    return text


def commands_text(trial: TrialRow) -> Text:
    """What can be done with the run of a trial, in a shell."""
    if trial.run is None:
        return Text("It has no run yet.")
    run = shlex.quote(printable(run_name(trial.run)))
    lines = [f"digit-tui runs show {run}", f"digit-tui mistakes {run}"]
    if trial.state in ("pruned", "failed"):
        lines.append(f"digit-tui --resume {run}")
    running = "It is opened as it was last saved; it trains on.\n\n"
    text = Text(running if trial.state == "running" else "")
    return text.append("In a shell:\n" + "\n".join(f"  {line}" for line in lines))


class EndDialog(Dialog[str | None]):
    """Returns "leave" or "stop"; None stays."""

    def compose_content(self) -> ComposeResult:
        yield Label(
            Text(
                "Leave: the workers of this machine save their runs and end; workers of other "
                "machines go on.\n"
                "Stop it: all workers, on all machines, save their runs and end.\n\n"
                "Nothing is lost either way: the same command goes on with it."
            )
        )


class LeaveDialog(EndDialog):
    """For who wants to leave the sweep to others."""

    TITLE = "Leave the sweep"
    BINDINGS = [
        Binding("enter,l,ctrl+c", "dismiss('leave')", "Leave", key_display="enter", priority=True),
        Binding("s,Q", "dismiss('stop')", "Stop it", key_display="s"),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]


class StopDialog(EndDialog):
    """For who wants to stop the sweep."""

    TITLE = "Stop the sweep"
    BINDINGS = [
        Binding("enter,s,Q", "dismiss('stop')", "Stop it", key_display="enter", priority=True),
        Binding("l,ctrl+c", "dismiss('leave')", "Leave", key_display="l", priority=True),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]
