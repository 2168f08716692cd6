"""How the best trial of a sweep became better, and what the best ones have in common."""

from __future__ import annotations

import numpy as np
from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Horizontal

from digit_tui.sweep.board import Board
from digit_tui.sweep.progress import improvements, last_end, shared_and_own
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.sweep.frame import SweepFrame
from digit_tui.tui.sweep.model import SweepModel
from digit_tui.tui.sweep.widgets import fitted
from digit_tui.tui.sweep.words import (
    accuracy_words,
    seconds_words,
    settings_text,
    trials_words,
)
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.chart import Chart

SHOWN = 3
"""Of the best trials."""
FEW = 6
"""Up to so many trials each has a tick, and there is none between them."""
UNITS = ((3 * 3600, 3600, "hours"), (3 * 60, 60, "minutes"), (0, 1, "seconds"))
"""Of the time axis: from how many seconds on, the size, the name."""


class BestTrials(Canvas):
    """The budget, and the best trials with what distinguishes them."""

    COMPONENT_CLASSES = {"best-trials--best", "best-trials--head"}

    def show(self, board: Board | None) -> None:
        """Draw it."""
        width = self.size.width
        if board is None:
            self.paint([fitted("Reading the study …", width)])
            return
        head, best = self.part("best-trials--head"), self.part("best-trials--best")
        lines: list[Line] = [fitted(budget_words(board), width, head)]
        ranked = board.ranked[:SHOWN]
        if not ranked:
            lines.append(fitted("No trial is complete yet.", width))
        shared, own = shared_and_own(ranked)
        for place, (trial, settings) in enumerate(zip(ranked, own, strict=True), 1):
            name = f"{place}  {accuracy_words(trial.accuracy)}  trial {trial.number}"
            room = width - len(name) - 2
            more = f"  {settings_text(settings, room)}" if settings else ""
            lines.append(_two(name, more, width, best if place == 1 else None))
        if shared:
            lines.append(fitted(f"All {len(ranked)}: {settings_text(shared, width - 7)}", width))
        self.paint(lines)


class BestView(SweepFrame):
    """The best accuracy so far by trials and by time; the budget; the best three."""

    TAB = "Best"
    BINDINGS = []

    def compose_content(self) -> ComposeResult:
        with Horizontal(id="sweep-charts"):
            yield Chart("Best so far by trial", id="best-by-trial")
            yield Chart("Best so far by time", id="best-by-time")
        yield BestTrials()

    def draw(self, model: SweepModel) -> None:
        board = model.board
        self.query_one(BestTrials).show(board)
        by_trial, by_time = self.query(Chart).results(Chart)
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        if board is None:
            by_trial.draw(Drawing([], (0, 1), [], percent=True, marker=marker))
            by_time.draw(Drawing([], (0, 1), [], percent=True, marker=marker))
            return
        found = improvements(board)
        y = np.array([each.accuracy for each in found])
        trials = np.array([each.trials for each in found], np.float64)
        by_trial.draw(_stairs(trials, y, max(float(board.finished), 2.0), marker, first=1.0))
        end = last_end(board)
        _, size, unit = next(each for each in UNITS if end >= each[0])
        by_time.entitle([f"Best so far by time ({unit})", f"Best by time ({unit})"])
        seconds = np.array([each.seconds for each in found], np.float64)
        by_time.draw(_stairs(seconds / size, y, max(end / size, 1e-3), marker))


def _stairs(x: np.ndarray, y: np.ndarray, end: float, marker: str, first: float = 0.0) -> Drawing:
    """The best so far: level from one improvement to the next.

    Args:
        x: (n,) float64, where each improvement was.
        y: (n,) float64, accuracies.
        end: last x.
        marker: what curves are drawn with.
        first: x where the axis begins.
    """
    corners_x = np.append(np.repeat(x, 2)[1:], end) if len(x) else x
    corners_y = np.repeat(y, 2)
    curves = [Curve(corners_x, corners_y, "held-out")] if len(x) else []
    few = int(end - first) if first and end <= FEW else None
    return Drawing(curves, (first, end), [], percent=True, marker=marker, most_ticks=few)


def budget_words(board: Board) -> str:
    """What is used of the budget, for example "12 of 60 trials, 48 left · 3:07"."""
    used = seconds_words(last_end(board))
    time = (
        used if board.budget_seconds is None else f"{used} of {seconds_words(board.budget_seconds)}"
    )
    left = ""
    if board.budget_trials is not None:
        left = f", {max(board.budget_trials - board.finished, 0):,} left"
    return f"Budget: {trials_words(board)}{left} · {time}"


def _two(name: str, more: str, width: int, style: object) -> Line:
    """A line that begins with a name in a style of its own."""
    (segment,) = fitted(name + more, width)
    text = segment.text
    return [Segment(text[: len(name)], style), Segment(text[len(name) :])]  # type: ignore[arg-type]
