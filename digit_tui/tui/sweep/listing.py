"""Which trials the table lists, in which order and columns, and which of them is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from digit_tui.data import printable
from digit_tui.sweep.board import STATES, Board, TrialRow
from digit_tui.sweep.trial_filter import TrialFilter, parse_filter
from digit_tui.tui.sweep.words import (
    SPARKS,
    accuracy_words,
    epoch_words,
    seconds_words,
    shortened,
    spark,
    state_words,
    value_words,
)

RUNNING_FIRST = {"running": 0, "waiting": 1, "complete": 2, "pruned": 3, "failed": 4}
assert set(RUNNING_FIRST) == set(STATES)
DESCENDING = ("trial", "accuracy", "epoch", "time")
"""Columns that are sorted with the highest first, unless they are turned round."""
MANY = 3
"""Settings that matter more than the curve and the time of a trial."""
GAP = 1
"""Columns between two columns."""


@dataclass(frozen=True)
class Column:
    """A column of the table."""

    name: str
    """Its heading; of settings their name."""
    text: Callable[[TrialRow], str]
    key: Callable[[TrialRow], object]
    """What it is sorted by; None comes last."""
    right: bool = False
    """Whether it is aligned to the right."""
    rank: float = 0.0
    """What has a higher one is left out first."""
    width: int | None = None
    """Columns, where that does not depend on the trials."""


class Listing:
    """The trials of a board, sorted and filtered; the chosen trial stays chosen.

    Attributes:
        board: the whole of it; None before there is one.
        filter: which trials are listed.
        sort: the name of the column that they are sorted by.
        turned: whether the order is the other one.
        trials: those that are listed.
        row: of the chosen one.
    """

    def __init__(self) -> None:
        self.board: Board | None = None
        self.filter = TrialFilter()
        self.sort = "trial"
        self.turned = False
        self.trials: list[TrialRow] = []
        self.row = 0
        self._widths: dict[str, int] = {}

    @property
    def chosen(self) -> TrialRow | None:
        """None if no trial is listed."""
        return self.trials[self.row] if self.trials else None

    @property
    def settings(self) -> list[str]:
        """Names of the settings that trials have, those first that matter."""
        if self.board is None:
            return []
        varying = self.board.varying
        important = [name for name, _ in self.board.importance if name in varying]
        return [*important, *(name for name in varying if name not in important)]

    @property
    def columns(self) -> list[Column]:
        """All, from left to right."""
        return [
            Column("trial", lambda each: str(each.number), lambda each: each.number, True),
            Column("state", _state, lambda each: RUNNING_FIRST[each.state], rank=1),
            *(_setting(name, place) for place, name in enumerate(self.settings)),
            Column("epoch", epoch_words, lambda each: each.epoch, True, 3),
            Column("accuracy", _accuracy, lambda each: each.accuracy, True, 2),
            Column(
                "curve",
                lambda each: spark(each.accuracies),
                lambda each: None,
                rank=6,
                width=SPARKS,
            ),
            Column("time", _time, lambda each: each.seconds or None, True, 7),
            Column("worker", _worker, lambda each: each.worker, rank=20),
        ]

    def fitting(self, width: int) -> list[tuple[Column, int]]:
        """The columns that fit, with their widths; what matters less is left out.

        Args:
            width: of the table, without the pointer.
        """
        chosen = [(column, self._width(column)) for column in self.columns]
        while sum(each + GAP for _, each in chosen) - GAP > width and len(chosen) > 1:
            chosen.remove(max(chosen, key=lambda each: each[0].rank))
        return chosen

    def show(self, board: Board) -> None:
        """List the trials of another board. While the first is chosen, so is who comes first."""
        self.board = board
        top = self.row == 0
        self.arrange()
        if top:
            self.go(0)

    def select(self, text: str) -> None:
        """List what a filter says, the first trial chosen; without one the chosen one stays so.

        Raises:
            SelectionError: if it cannot be read.
        """
        names = (
            {}
            if self.board is None
            else dict.fromkeys(name for trial in self.board.trials for name in trial.params)
        )
        self.filter = parse_filter(text, names)
        self.arrange()
        if self.filter.terms:
            self.go(0)

    def sort_by(self, name: str) -> None:
        """Sort by a column; once more turns the order round."""
        if name == "curve":  # it has no order
            return
        self.turned = not self.turned if name == self.sort else False
        self.sort = name
        self.arrange()

    def next_sort(self, steps: int = 1) -> None:
        """Sort by the next column."""
        names = [column.name for column in self.columns if column.name != "curve"]
        place = names.index(self.sort) if self.sort in names else -1
        self.sort_by(names[(place + steps) % len(names)])

    def turn(self) -> None:
        """Sort in the other direction."""
        self.turned = not self.turned
        self.arrange()

    @property
    def falls(self) -> bool:
        """Whether the highest comes first."""
        return (self.sort in DESCENDING) != self.turned

    def arrange(self) -> None:
        """Filter and sort anew; the chosen trial stays so, or else the row."""
        chosen = self.chosen
        trials = () if self.board is None else self.board.trials
        listed = [trial for trial in trials if self.filter.matches(trial)]
        column = next((each for each in self.columns if each.name == self.sort), None)
        if column is not None:
            known = [(_comparable(column.key(each)), each) for each in listed]
            ordered = [each for each in known if each[0] is not None]
            ordered.sort(key=lambda each: each[0], reverse=self.falls)  # type: ignore[arg-type, return-value]
            listed = [each for _, each in ordered] + [each for key, each in known if key is None]
        self.trials = listed
        self._widths = {}
        numbers = [each.number for each in listed]
        if chosen is not None and chosen.number in numbers:
            self.row = numbers.index(chosen.number)
        self.go(self.row)

    def go(self, row: int) -> None:
        """Choose the trial in a row, or in the nearest that there is; -1 is the last one."""
        last = len(self.trials) - 1
        self.row = max(min(last if row == -1 else row, last), 0)

    def choose(self, number: int) -> None:
        """Choose a trial, and list it if it is not listed."""
        for keep in (True, False):
            self.filter = self.filter if keep else TrialFilter()
            self.arrange()
            numbers = [each.number for each in self.trials]
            if number in numbers:
                self.go(numbers.index(number))
                return

    def _width(self, column: Column) -> int:
        if column.width is not None:
            return column.width
        if column.name not in self._widths:
            texts = max((len(column.text(each)) for each in self.trials), default=0)
            self._widths[column.name] = max(texts, len(column.name) + 1)  # and the sign of order
        return self._widths[column.name]


def _setting(name: str, place: int) -> Column:
    return Column(
        name,
        lambda each: shortened(value_words(each.params[name], name)) if name in each.params else "",
        lambda each: each.params.get(name),
        rank=4 + place / 100 if place < MANY else 10 + place / 100,
    )


def _comparable(value: object) -> tuple[int, object] | None:
    """Numbers before words."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return 0, float(value)
    return 1, str(value)


def _state(trial: TrialRow) -> str:
    return state_words(trial.state)


def _accuracy(trial: TrialRow) -> str:
    return accuracy_words(trial.accuracy)


def _time(trial: TrialRow) -> str:
    return seconds_words(trial.seconds) if trial.seconds else ""


def _worker(trial: TrialRow) -> str:
    return "" if trial.worker is None else shortened(printable(trial.worker))
