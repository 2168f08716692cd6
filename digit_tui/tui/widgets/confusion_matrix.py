"""The confusion matrix with the scores of each class; it scrolls where there are many classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from digit_tui.insight.confusion import class_scores
from digit_tui.tui.widgets.mouse import Wheel

SHADES = (0.25, 0.5, 0.75)
"""Shares of the most frequent mistake from which a cell's shading is a level stronger."""
FREQUENT = 4
"""A mistake that is less frequent is not shaded as if it were."""
LABEL = 5
"""Columns before the first cell: the true class, and whether there are more."""
SCORES = {"recall": 7, "precision": 10, "F1": 6}
"""Width in columns of each score; where there is no room for all, the first ones are shown."""
NARROWEST = 5
"""Columns of a cell, unless there are more than 9,999 digits of a class."""
TALLEST = 4
"""Rows of a cell where there is room; it is about square then."""

Piece = tuple[str, str]
"""Text, and the component class that it is drawn with; "" for none."""


class Cell(NamedTuple):
    """A cell of the matrix."""

    true: int
    predicted: int


@dataclass(frozen=True, eq=False)
class Table:
    """What the widget shows."""

    counts: NDArray[np.int64]
    """(classes, classes) rows are true classes, columns predicted ones."""
    difference: NDArray[np.int64] | None
    """(classes, classes) counts minus those of the baseline; None shows the counts."""
    share: bool
    """Whether numbers are in per cent of the true digit."""

    @property
    def values(self) -> NDArray[np.int64]:
        """(classes, classes) the numbers that are shown."""
        return self.counts if self.difference is None else self.difference

    @property
    def strongest(self) -> int:
        """The count, or change, of mistakes in one cell that is shaded most."""
        mistakes = np.abs(self.values)
        np.fill_diagonal(mistakes, 0)
        return max(int(mistakes.max()), FREQUENT)


def number(value: int, total: int, share: bool, signed: bool) -> str:
    """A cell's number in at most 4 characters, or as many as the count `total` has.

    Args:
        value: a count, or a difference between counts.
        total: digits of this true class.
        share: whether it is in per cent of them.
        signed: whether it is a difference.
    """
    if not value:
        return "."
    sign = "+" if signed else ""
    if not share:
        return f"{value:{sign}}"
    text = f"{100 * value / total:{sign}.1f}"
    return text if len(text) <= 4 else f"{100 * value / total:{sign}.0f}"


def score(value: float) -> str:
    """A fraction in per cent; "-" for NaN, which is 0 of 0."""
    return "-" if np.isnan(value) else f"{100 * value:.1f}"


class ConfusionMatrix(Wheel):
    """Rows are true classes, columns predicted ones; one cell may be chosen."""

    class Chosen(Message):
        """A cell was clicked."""

        def __init__(self, cell: Cell) -> None:
            super().__init__()
            self.cell = cell

    COMPONENT_CLASSES = {
        "confusion-matrix--head",
        "confusion-matrix--axis",
        "confusion-matrix--none",
        "confusion-matrix--chosen",
        "confusion-matrix--right",
        *(f"confusion-matrix--{kind}{level}" for kind in ("good", "bad") for level in range(4)),
    }

    def __init__(self) -> None:
        super().__init__()
        self._table: Table | None = None
        self._cell: Cell | None = None
        self._top = self._left = 0
        self._lines: list[list[Piece]] = []

    @property
    def scores_shown(self) -> int:
        """How many of the scores are shown."""
        return 0 if self._table is None else self._layout(self._table)[1]

    def show(self, table: Table | None, cell: Cell | None) -> None:
        """Show a matrix; if a cell is chosen, scroll to it."""
        self._table, self._cell = table, cell
        before, self._lines = self._lines, self._draw()
        if len(before) != len(self._lines):
            self.refresh()
            return
        # Only the rows that have changed are sent.
        pairs = enumerate(zip(before, self._lines, strict=True))
        changed = [y for y, (old, new) in pairs if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def on_click(self, event: events.Click) -> None:
        offset, table = event.get_content_offset(self), self._table
        if offset is None or table is None:
            return
        width, _, columns = self._layout(table)
        row, column = (offset.y - 1) // self._tall(table), (offset.x - LABEL) // width
        cell = Cell(self._top + row, self._left + column)
        if offset.y and offset.x >= LABEL and column < columns and cell.true < len(table.counts):
            self.post_message(self.Chosen(cell))

    def on_resize(self) -> None:
        self._lines = self._draw()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        pieces = self._lines[y] if y < len(self._lines) else []
        segments = [
            Segment(
                text,
                self.get_component_rich_style(f"confusion-matrix--{name}")
                if name
                else self.rich_style,
            )
            for text, name in pieces
        ]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def _layout(self, table: Table) -> tuple[int, int, int]:
        """Width of a cell, how many scores and how many columns of cells there is room for."""
        classes, width = len(table.counts), self.size.width - LABEL
        # The same width for any kind of number, so that nothing moves when another kind is shown.
        cell = max(len(f"{table.counts.sum(axis=1).max()}") + 1, NARROWEST)
        widths = [sum([*SCORES.values()][:count]) for count in range(len(SCORES) + 1)]
        fitting = [count for count, room in enumerate(widths) if classes * cell + room <= width]
        scores = fitting[-1] if fitting else len(SCORES)  # it scrolls in any case
        spare = max(width - widths[scores] - classes * cell, 0) // classes
        cell += min(spare, 2 * self._tall(table) + 1)
        return cell, scores, min(max((width - widths[scores]) // cell, 1), classes)

    def _tall(self, table: Table) -> int:
        """Rows of a cell."""
        return max(min((self.size.height - 1) // len(table.counts), TALLEST), 1)

    def _draw(self) -> list[list[Piece]]:
        """The visible lines."""
        table = self._table
        if table is None or not self.size:
            return []
        width, shown, columns = self._layout(table)
        classes = len(table.counts)
        tall = self._tall(table)
        rows = min(max(self.size.height - 1, 1), classes)
        chosen, own = self._cell or Cell(self._top, self._left), self._cell or Cell(-1, -1)
        self._top = first_visible(self._top, chosen.true, rows, classes)
        self._left = first_visible(self._left, chosen.predicted, columns, classes)
        trues = range(self._top, self._top + rows)
        predicted = range(self._left, self._left + columns)
        names = list(SCORES)[:shown]
        scores = class_scores(table.counts)._asdict()
        strongest = table.strongest
        more = "▸" if predicted.stop < classes else " "
        head: list[Piece] = [(f"true{'◂' if self._left else ' '}", "head")]
        head += [
            (centred(f"{each}", width), "axis" if each == own.predicted else "head")
            for each in predicted
        ]
        lines = [[*head, (more + "".join(f"{n:>{SCORES[n]}}" for n in names)[1:], "head")]]
        for true in trues:
            hint = "▴" if true == trues[0] and self._top else " "
            hint = "▾" if true == trues[-1] and trues.stop < classes else hint
            line = [(f"{hint}{true:>3} ", "axis" if true == own.true else "head")]
            total = int(table.counts[true].sum())
            line += [
                self._piece(table, Cell(true, each), total, strongest, width) for each in predicted
            ]
            values = [f"{score(scores[name.lower()][true]):>{SCORES[name]}}" for name in names]
            empty = [(" " * len(text), name) for text, name in line]
            cell_lines = [empty] * tall
            cell_lines[(tall - 1) // 2] = [*line, ("".join(values), "")]
            lines += cell_lines
        return lines

    def _piece(self, table: Table, cell: Cell, total: int, strongest: int, width: int) -> Piece:
        signed = table.difference is not None
        value = int(table.values[cell])
        short = number(value, total, table.share, signed)
        text = centred(short, width)
        if cell == self._cell:  # marked by a character too, for where there is no colour
            pointed = f"▸{short}"
            return (centred(pointed, width) if len(pointed) <= width else text), "chosen"
        if not value:
            return text, "none"
        if not signed and cell.true == cell.predicted:
            return text, "right"
        level = sum(abs(value) >= share * strongest for share in SHADES)
        good = (cell.true == cell.predicted) == (value > 0)
        return text, f"{'good' if good else 'bad'}{level}"


def centred(text: str, width: int) -> str:
    """A number in a cell: a column of them stays aligned at the right."""
    # Shading looks better with a column beyond the number.
    right = max(min(1 + (width - NARROWEST) // 2, width - len(text)), 0)
    return f"{text:>{width - right}}{' ' * right}"[:width]


def first_visible(first: int, chosen: int, count: int, total: int) -> int:
    """The first of `count` visible rows of `total`, near `first`, with `chosen` among them."""
    return max(min(max(first, chosen - count + 1), chosen, total - count), 0)
