"""Which digits the mistakes view lists, in which order, and which of them is chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import counted
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.selection import ORDERS, Selection, select
from digit_tui.insight.significance import ends_words
from digit_tui.insight.suspects import accuracy_without

ORDER_TEXT = {
    "forgotten": ("most forgotten first", "none forgotten"),
    "broken": ("newly broken first", "none newly broken"),
    "fixed": ("just fixed first", "none just fixed"),
}
"""Orders by a field of `Lives`: which digits come first, and what is said if there are none."""


class Listing:
    """A list that changes with every evaluation; the digit stays chosen or, if it is gone, the row.

    Attributes:
        table: all digits; None before the first evaluation.
        selection: which of them are listed.
        everything: whether correctly classified ones are listed too. They are, as long as a
            selection is in force that has no mistake in it.
        order_name: the name of the order, a key of `ORDERS`.
        order: (listed,) indices of the listed digits.
        row: of the chosen digit.
    """

    def __init__(self) -> None:
        self.table: DigitTable | None = None
        self.selection = Selection()
        self._all_asked_for = self._none_wrong = False
        self.order_name = next(iter(ORDERS))
        self.order: NDArray[np.intp] = np.empty(0, np.intp)
        self.row = 0

    @property
    def chosen(self) -> int | None:
        """Index of the chosen digit; None if none is listed."""
        return int(self.order[self.row]) if len(self.order) else None

    @property
    def everything(self) -> bool:
        """Whether correctly classified digits are listed, too."""
        return self._all_asked_for or self._none_wrong

    @property
    def is_empty(self) -> bool:
        """Whether no digit is listed, though there are some."""
        return self.table is not None and not len(self.order)

    def set_table(self, table: DigitTable | None) -> None:
        """List the digits of another evaluation."""
        self.table = table
        self.sort()

    def select(self, selection: Selection) -> None:
        """List what this selects and choose the first; without mistakes, list correct ones too."""
        self.selection, self._none_wrong = selection, False
        if self.table is not None and str(selection):
            selected = selection.mask(self.table)
            self._none_wrong = bool(selected.any() and not (selected & self.table.wrong).any())
        self.sort()
        self.go(0)

    def choose(self, index: int) -> None:
        """Choose a digit, and list it if it is not listed."""
        for everything in (False, True):
            if index in self.order:
                break
            self.selection, self._all_asked_for = Selection(), everything
            self._none_wrong = False
            self.sort()
        found = np.flatnonzero(self.order == index)
        self.go(int(found[0]) if len(found) else 0)

    def toggle_everything(self) -> None:
        self._all_asked_for, self._none_wrong = not self.everything, False
        self.sort()

    def next_order(self) -> None:
        """List in another order; the same digit stays chosen, if it is listed there too."""
        names = list(ORDERS)
        self.order_name = names[(names.index(self.order_name) + 1) % len(names)]
        chosen = self.chosen
        self.sort()
        if self.chosen != chosen:
            self.go(0)

    def sort(self) -> None:
        """Filter and order the digits anew."""
        chosen = self.chosen
        self.order = np.empty(0, np.intp)
        if self.table is not None:
            self.order = select(self.table, self.selection, self.order_name)
            if not self.everything:
                self.order = self.order[(self.table.wrong | self._fixed(self.table))[self.order]]
        found = np.flatnonzero(self.order == chosen)
        self.go(int(found[0]) if len(found) else self.row)

    def go(self, row: int) -> None:
        """Choose the digit in this row, or in the last one before it."""
        self.row = max(min(row, len(self.order) - 1), 0)

    def _fixed(self, table: DigitTable) -> NDArray[np.bool_]:
        """(n,) those that are listed beside mistakes because they come first: the just fixed."""
        fixed: NDArray[np.bool_] = table.lives.fixed & (self.order_name == "fixed")
        return fixed

    def title(self, split: str, width: int, forked: bool = False, when: str = "") -> str:
        """How many of what are listed, for example "12 of 164 mistakes, true=4 pred=9, by loss".

        Args:
            split: "test" or "validation"; "" where there is no validation set.
            width: columns; if they are too few, the accuracy without doubtful labels is left out.
            forked: whether a fork trains, so that it must be said whose digits they are.
            when: at which epoch they were classified, if that is to be said where there is room.
        """
        if self.table is None:
            return ""
        title = self._title(self.table, split, width, forked)
        dated = f"{title}, at epoch {when}" if when else title
        return dated if len(dated) <= width else title

    def _title(self, table: DigitTable, split: str, width: int, forked: bool) -> str:
        total = len(table) if self.everything else int(np.count_nonzero(table.wrong))
        what = counted(total, f"{split} {'digit' if self.everything else 'mistake'}".lstrip())
        fixed = 0 if self.everything else int(np.count_nonzero(self._fixed(table)))
        what += f" and {fixed:,} fixed" if fixed else ""
        what += " of the run" * forked
        count, selection = len(self.order), str(self.selection)
        text = f"{count:,} of {what}, {selection}" if selection else what
        text += ", none wrong" * (self._none_wrong and self.selection.predicted is None)
        order, alike = self._order_words(table)
        text += f"{',' if selection or alike or fixed else ''} {order}"
        unbacked = int(np.count_nonzero(table.unbacked))
        if unbacked:
            own = _accuracy(table.evaluation.correct, table.evaluation.total)
            backed = _accuracy(*accuracy_without(table.evaluation, table.unbacked))
            for name in (f"without {counted(unbacked, 'unbacked label')}", "backed"):
                more = f" · {own}, {name} {backed}"
                if len(text + more) <= width:
                    return text + more
        return text

    def _order_words(self, table: DigitTable) -> tuple[str, bool]:
        """The order in words, and whether it is that by loss as no digit is to come first."""
        if self.order_name not in ORDER_TEXT:
            return f"by {self.order_name}", False
        first, none = ORDER_TEXT[self.order_name]
        if getattr(table.lives, self.order_name)[self.order].any():
            return first, False
        return f"{none}: by loss", True


def _accuracy(correct: int, total: int) -> str:
    """With its 95% interval, for example "98.36% (98.1 to 98.6)"."""
    return f"{correct / total:.2%} ({ends_words(correct, total)})"
