"""What is known of trials, in the words and signs of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from digit_tui.data import counted, printable
from digit_tui.sweep import space
from digit_tui.sweep.board import STATES, Board, TrialRow
from digit_tui.tui.widgets.status_line import trend

SIGNS = dict(zip(STATES, "…▶✓▾✗", strict=True))
"""Of states; each has a word beside it, so that nothing depends on a sign or a colour alone."""
SPARKS = 8
"""Columns of the accuracies of a trial."""
LONGEST = 20
"""Columns of a name or a value in a table."""


def state_words(state: str) -> str:
    """For example "▶ running"."""
    return f"{SIGNS[state]} {state}"


def value_words(value: object, name: str) -> str:
    """A value of a setting, in so many digits that trials can be told apart."""
    if isinstance(value, float) and value:
        return f"{value:.3g}"
    return printable(space.value_words(value, name))


def accuracy_words(accuracy: float | None) -> str:
    """For example "98.12%"."""
    return "" if accuracy is None else f"{accuracy:.2%}"


def seconds_words(seconds: float) -> str:
    """For example "0.7s", "12s", "3:07" and "1:02:03"."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def epoch_words(trial: TrialRow) -> str:
    """For example "3/12", or "seed 2"; nothing before it has begun."""
    if trial.state == "waiting" and not trial.epoch:
        return ""
    if trial.state == "running" and trial.seed > 1:  # its epochs are counted for the first
        return f"seed {trial.seed}"
    return f"{trial.epoch}/{trial.epochs}" if trial.epochs else str(trial.epoch)


def spark(accuracies: Sequence[float], columns: int = SPARKS) -> str:
    """The accuracies of a trial as bars; of many epochs each bar is the mean of some."""
    count = len(accuracies)
    if not count:
        return ""
    bars = min(count, columns)
    ends = [place * count // bars for place in range(bars + 1)]
    return trend([fmean(accuracies[a:b]) for a, b in pairwise(ends)])


def shortened(text: str, columns: int = LONGEST) -> str:
    """With "…" for the middle of what is too long: names of machines differ at their ends."""
    if len(text) <= columns:
        return text
    behind = (columns - 1) // 2
    return f"{text[: columns - 1 - behind]}…{text[-behind:]}"


def settings_text(settings: dict[str, object], columns: int) -> str:
    """For example "lr 0.001, optimizer adam"; "…" for those for which there is no room."""
    parts = [f"{name} {value_words(value, name)}" for name, value in settings.items()]
    text = ", ".join(parts)
    while len(text) > columns and parts:
        parts.pop()
        text = ", ".join([*parts, "…"])
    return text


def counts_words(board: Board) -> list[tuple[str, str]]:
    """How many trials are in which state, for example "▶ 2 running"; and without the word."""
    counts = dict.fromkeys(STATES, 0)
    for trial in board.trials:
        counts[trial.state] += 1
    order = ("running", "complete", "pruned", "failed", "waiting")
    short = [(state, f"{SIGNS[state]} {counts[state]:,}") for state in order if counts[state]]
    return [(f"{text} {state}", text) for state, text in short]


def best_words(board: Board) -> str | None:
    """The accuracy of the best trial; None if none is complete."""
    return f"best {accuracy_words(board.ranked[0].accuracy)}" if board.ranked else None


def trials_words(board: Board) -> str:
    """For example "12 of 60 trials"."""
    if board.budget_trials is None:
        return counted(board.finished, "trial")
    return f"{board.finished:,} of {counted(board.budget_trials, 'trial')}"
