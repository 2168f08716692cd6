"""The probabilities that the network gives the classes of a digit."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from digit_tui.data import counted
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.drawn_digit import DrawingReading
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.progress_line import PARTS

Array = NDArray[Any]

FIGURES, SHORTEST = 12, 4
"""Columns of a class and its probability; of a bar, at least."""
FEW = 6
"""Up to so many members of a committee are named by their letters."""
LONGEST = 80
"""Columns of a bar."""


def bar_of(share: float, columns: int) -> str:
    """A bar of a length from 0 to 1 of the columns, to an eighth of one; none for NaN."""
    whole, part = divmod(round(float(np.nan_to_num(share)) * columns * 8), 8)
    return "█" * whole + (PARTS[part] if part else "")


class Probabilities(Canvas):
    """A bar for each class, or for the most probable ones where there are many."""

    COMPONENT_CLASSES = {
        "probabilities--true",
        "probabilities--predicted",
        "probabilities--read",
        "probabilities--fork",
    }

    def show(self, table: DigitTable, index: int) -> None:
        """Show those of one digit of a split."""
        evaluation = table.evaluation
        true, predicted = int(evaluation.labels[index]), int(evaluation.predictions[index])
        notes = {
            predicted: ("pred", self.part("probabilities--predicted")),
            true: ("true", self.part("probabilities--true")),
        }
        self._add_members(notes, table.named_by(index))
        rank, margin = f"rank {table.rank(index)}", f"{table.margin(index):+z.2f}"
        whole = f"{rank}, margin {margin}"  # a number is never cut off: it would be another
        heading = whole if len(whole) <= self.size.width else f"{rank}, {margin}"
        self._paint_bars([[Segment(heading)]], evaluation.probabilities[index], notes)

    def _add_members(self, notes: dict[int, tuple[str, Style]], named_by: dict[int, str]) -> None:
        """Note which members of a committee name which class, where there is room for it.

        Args:
            notes: by class, a word and a style.
            named_by: by class, the letters of those that name it.
        """
        told: dict[int, tuple[str, Style]] = {}
        for each, letters in named_by.items():
            word, style = notes.get(each, ("", Style()))
            who = letters if len(letters) <= FEW else counted(len(letters), "member")
            told[each] = f"{word} {who}".lstrip(), style
        if all(len(words) <= self.size.width - FIGURES - SHORTEST for words, _ in told.values()):
            notes |= told

    def show_reading(
        self, reading: DrawingReading, waits: bool, fork: DrawingReading | None = None
    ) -> None:
        """Show those of a drawing: nobody has said what it is.

        Args:
            reading: of the drawing.
            waits: whether the answer may be another one soon.
            fork: what the run's fork makes of it, if there is one: only its answer is told.
        """
        style = self.part("probabilities--read")
        notes = {reading.predicted: ("", style)}
        # Until what is no digit is known, it may be none.
        words = f"{reading.likeness} …" if waits else reading.title
        if fork is not None:
            words = f"run {words}"
        if len(words) > self.size.width:
            words = reading.brief_title
        heading: list[Line] = [[Segment(words, style)]]
        if fork is not None:
            # What is no digit to it nobody has found out.
            heading.insert(0, [Segment(f"fork {fork.likeness}", self.part("probabilities--fork"))])
        self._paint_bars(heading, reading.probabilities, notes)

    def _paint_bars(
        self, heading: list[Line], probabilities: Array, notes: dict[int, tuple[str, Style]]
    ) -> None:
        """A line for each class, below a heading.

        Args:
            heading: the first lines.
            probabilities: (classes,)
            notes: by class, a word behind its bar, and the style of its line.
        """
        width, height = self.size
        most = max(height - len(heading), 1)
        shown = np.sort(np.argsort(-probabilities, kind="stable")[:most])
        longest = max((len(word) for word, _ in notes.values()), default=0)
        room = min(max(width - FIGURES - max(longest, SHORTEST), SHORTEST), LONGEST)
        lines = heading
        for each in map(int, shown):
            value = float(probabilities[each])
            note, style = notes.get(each, ("", None))
            bar = bar_of(value, room)
            share = f"{value:.1%}" if isfinite(value) else "-"  # it has diverged
            lines.append([Segment(f"{each:>2} {bar:<{room}} {share:>6} {note}", style)])
        self.paint(lines)
