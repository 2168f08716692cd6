"""How far a sweep is, and how its best trial became better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from digit_tui.sweep.board import Board, TrialRow


class Better(NamedTuple):
    """A trial that was the best when it ended."""

    trials: int
    """How many trials had ended by then, it included."""
    seconds: float
    """Since the sweep began."""
    accuracy: float
    number: int


def improvements(board: Board) -> list[Better]:
    """Each trial that was better than all that had ended before it, in the order of time."""
    sign = 1 if board.direction == "maximize" else -1
    ended = sorted(
        (trial.ended, trial.number, trial) for trial in board.trials if trial.ended is not None
    )
    found: list[Better] = []
    for count, (moment, number, trial) in enumerate(ended, 1):
        accuracy = trial.accuracy
        if trial.state != "complete" or accuracy is None:
            continue
        if not found or sign * (accuracy - found[-1].accuracy) > 0:
            found.append(Better(count, max(moment - board.started, 0.0), accuracy, number))
    return found


def last_end(board: Board) -> float:
    """Seconds from the beginning of the sweep to the end of the trial that ended last."""
    ends = [trial.ended for trial in board.trials if trial.ended is not None]
    return max(max(ends, default=0.0) - board.started, 0.0) if ends else 0.0


def used_share(board: Board, now: float) -> float | None:
    """The part of the budget that is used, 0 to 1; None without a budget.

    Args:
        board: of the sweep.
        now: seconds since 1970.
    """
    shares = []
    if board.budget_trials:
        shares.append(board.finished / board.budget_trials)
    if board.budget_seconds and board.started:
        shares.append(max(now - board.started, 0.0) / board.budget_seconds)
    return min(max(shares), 1.0) if shares else None


def seconds_left(board: Board, now: float) -> float | None:
    """How long the sweep will still take, as far as one can tell; None if one cannot.

    It is told from what has ended, so that it stays the same while nothing ends.

    Args:
        board: of the sweep.
        now: seconds since 1970.
    """
    bounds = []
    if board.budget_trials and board.finished:
        left = max(board.budget_trials - board.finished, 0)
        bounds.append(last_end(board) / board.finished * left)
    if board.budget_seconds and board.started:
        bounds.append(max(board.started + board.budget_seconds - now, 0.0))
    return min(bounds) if bounds else None


def shared_and_own(trials: Sequence[TrialRow]) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The settings that some trials have in common, and those of each in which they differ."""
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    shared = {}
    for name in names:
        values = [trial.params.get(name) for trial in trials]
        if len(trials) > 1 and all(value == values[0] for value in values):
            shared[name] = values[0]
    own = [
        {name: value for name, value in trial.params.items() if name not in shared}
        for trial in trials
    ]
    return shared, own
