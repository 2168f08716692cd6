"""A sweep without runs: snapshots of it, and a control that notes what it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from digit_tui.sweep.board import Board, TrialRow

BEGAN = 1_700_000_000.0
"""When the sweep began, in seconds since 1970."""
OPTIMIZERS = ("adam", "sgd", "momentum")


def trial(number: int, state: str = "complete", **values: Any) -> TrialRow:
    """A trial; what is not given follows from its number."""
    random = Random(number)
    rate = 10 ** random.uniform(-4, -1)
    epochs = 12
    done = {"complete": epochs, "pruned": 3, "failed": 1, "running": 5, "waiting": 0}[state]
    limit = 0.985 - abs(rate - 0.01)
    accuracies = tuple(limit - 0.2 / (epoch + 1) for epoch in range(done))
    row = TrialRow(
        number=number,
        state=state,
        worker=None if state == "waiting" else f"box-{1 + number % 2}",
        params={
            "lr": rate,
            "optimizer": OPTIMIZERS[number % 3],
            "hidden": str(random.choice([64, 128, 256])),
        },
        epoch=done,
        epochs=0 if state == "waiting" else epochs,
        accuracies=accuracies,
        accuracy=accuracies[-1] if accuracies else None,
        seconds=4.0 * done,
        run=None if state == "waiting" else Path(f"/sweeps/first/trial-{number}"),
        started=0.0 if state == "waiting" else BEGAN + 20.0 * number,
        ended=None if state in ("waiting", "running") else BEGAN + 20.0 * number + 4.0 * done,
    )
    return replace(row, **values)


def board(*trials: TrialRow, **values: Any) -> Board:
    """A study with some trials; with twelve of all kinds, if none are given."""
    states = ["complete"] * 5 + ["pruned", "failed", "complete", "pruned", "running", "running"]
    rows: Sequence[TrialRow] = trials or [
        trial(number, state) for number, state in enumerate([*states, "waiting"])
    ]
    made = Board(
        study="first",
        storage="journal.log",
        trials=tuple(rows),
        budget_trials=60,
        started=BEGAN,
        importance=(("lr", 0.71), ("optimizer", 0.2), ("hidden", 0.09)),
        workers=("box-1", "box-2"),
        logarithmic=frozenset({"lr"}),
    )
    return replace(made, **values)


class FakeControl:
    """Notes what it is asked for.

    Attributes:
        asked: the names of what it was asked for.
        board: what `snapshot` returns; an exception is raised.
        is_ended: whether no worker is left.
    """

    def __init__(self, shown: Board | Exception | None = None) -> None:
        self.asked: list[str] = []
        self.board: Board | Exception = board() if shown is None else shown
        self.events: list[dict[str, Any]] = []
        self.is_ended = False
        self.refuses: Exception | None = None
        self.when_asked: Callable[[str], None] = lambda name: None

    def snapshot(self) -> Board:
        if isinstance(self.board, Exception):
            raise self.board
        return self.board

    def next_event(self, seconds: float) -> dict[str, Any] | None:
        return self.events.pop(0) if self.events else None

    def _note(self, name: str) -> None:
        self.asked.append(name)
        self.when_asked(name)
        if self.refuses is not None:
            raise self.refuses

    def pause(self) -> None:
        self._note("pause")

    def go_on(self) -> None:
        self._note("go_on")

    def stop(self) -> None:
        self._note("stop")

    def leave(self) -> None:
        self._note("leave")

    def add_worker(self) -> None:
        self._note("add_worker")

    def remove_worker(self) -> None:
        self._note("remove_worker")

    def ended(self) -> bool:
        return self.is_ended

    def farewell(self) -> str:
        return "Best: trial 7"
