"""The accuracy of trials by the value of one setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.ticks import log_ticks
from digit_tui.sweep.board import Board, TrialRow
from digit_tui.tui.drawing.chart import Curve, Drawing
from digit_tui.tui.sweep.words import value_words
from digit_tui.tui.widgets.chart import Chart

Array = NDArray[Any]

KINDS = (
    ("pruned", "training", "○"),
    ("running", "fork-held-out", "+"),
    ("complete", "held-out", "●"),
)
"""States that are shown, their colours, and their signs."""
LABEL_COLUMNS = 10
"""A number on the x axis needs about so many."""
MARGIN = 0.04
"""Room beside the first and the last value, as a part of their range."""
SPREAD = 0.5
"""The part of the room of a value over which its points are spread, where values are names."""
GOLDEN = 0.6180339887
"""Multiples of it are spread evenly, however many there are."""
BESIDE = 12
"""Columns of the chart that are not for the x axis, at most."""


class Axis(NamedTuple):
    """Where the values of a setting are."""

    x: dict[int, float]
    """Of trials, by their numbers."""
    span: tuple[float, float]
    ticks: tuple[list[float], list[str]] | None
    legend: str
    """What numbers on the axis stand for, where the names of values do not fit."""


class SliceChart(Chart):
    """A point a trial; the best one has a line."""

    def __init__(self) -> None:
        super().__init__("", id="slice")

    def show(self, board: Board | None, name: str | None) -> None:
        """Draw it.

        Args:
            board: of the sweep.
            name: of the setting.
        """
        if board is None or name is None:
            self.entitle(["Accuracy by setting"])
            self.draw(Drawing([], (0, 1), [], percent=True))
            return
        trials = [
            each for each in board.trials if name in each.params and each.accuracy is not None
        ]
        axis = axis_of(trials, name, name in board.logarithmic, self.size.width - BESIDE)
        curves = [
            _points([each for each in trials if each.state == state], axis, color, sign)
            for state, color, sign in KINDS
        ]
        ranked = [each for each in board.ranked if each.number in axis.x]
        marks = [(axis.x[ranked[0].number], "B")] if ranked else []
        titles = [f"Accuracy by {name}{' (log)' * (name in board.logarithmic)}", f"by {name}"]
        if axis.legend:
            titles = [f"{titles[0]}: {axis.legend}", axis.legend, *titles]
        self.entitle(titles)
        shown = [curve for curve in curves if len(curve.x)]
        self.draw(Drawing(shown, axis.span, marks, percent=True, x_ticks=axis.ticks))


def _points(trials: Sequence[TrialRow], axis: Axis, color: str, sign: str) -> Curve:
    x = np.array([axis.x[each.number] for each in trials], np.float64)
    y = np.array([each.accuracy for each in trials], np.float64)
    return Curve(x, y, color, points=sign)


def axis_of(trials: Sequence[TrialRow], name: str, log: bool, columns: int) -> Axis:
    """Where the values of a setting lie: numbers by their size, others one beside the other.

    Args:
        trials: that have it.
        name: of the setting.
        log: whether equal distances are equal factors.
        columns: of the axis, about.
    """
    values = {each.number: each.params[name] for each in trials}
    numeric = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values.values()
    )
    if not numeric or not values:
        return _categories(values, name, columns)
    numbers = {number: float(value) for number, value in values.items()}  # type: ignore[arg-type]
    log = log and min(numbers.values()) > 0
    x = {number: float(np.log10(each)) if log else each for number, each in numbers.items()}
    low, high = min(x.values()), max(x.values())
    room = MARGIN * (high - low) or max(abs(low) / 10, 0.5)
    span = low - room, high + room
    ticks = log_ticks(low, high, max(columns // LABEL_COLUMNS, 2)) if log else None
    return Axis(x, span, ticks, "")


def _categories(values: dict[int, object], name: str, columns: int) -> Axis:
    """In the order of their names, those of numbers by size."""
    names = sorted({value_words(each, name) for each in values.values()}, key=_natural)
    places = {name: float(place) for place, name in enumerate(names)}
    # Beside each other, or one point would hide the others; where, is the trial's own place.
    x = {
        number: places[value_words(each, name)] + SPREAD * (number * GOLDEN % 1 - 0.5)
        for number, each in values.items()
    }
    span = -0.5, max(len(names) - 0.5, 0.5)
    share = columns / max(len(names), 1)
    fit = all(len(name) + 2 <= share for name in names)
    labels = names if fit else [str(place) for place in range(1, len(names) + 1)]
    legend = "" if fit else "  ".join(f"{n} {name}" for n, name in enumerate(names, 1))
    return Axis(x, span, ([*places.values()], labels), legend)


def _natural(name: str) -> tuple[int, float, str]:
    head = name.split(",")[0]
    try:
        return 0, float(head), name
    except ValueError:
        return 1, 0.0, name
