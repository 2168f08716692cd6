"""Which digits are listed, in which order, and which of them is chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.selection import ORDERS, Selection, select
from digit_tui.insight.significance import ends_words
from digit_tui.insight.suspects import accuracy_without

ORDER_WORDS = {
    "forgotten": "most forgotten first",
    "broken": "newly broken first",
    "fixed": "just fixed first",
}
"""Orders that "by" and their name do not say."""


class Listing:
    """A list that changes with every look; the chosen digit stays chosen, else its row does.

    Attributes:
        table: all there are; None before the first look.
        selection: which of them are listed.
        everything: whether right ones are listed too.
        by: the name of the order.
        order: indices of the listed digits.
        row: the place of the chosen one.
    """

    def __init__(self) -> None:
        self.table: DigitTable | None = None
        self.selection = Selection()
        self.everything = False
        self.by = next(iter(ORDERS))
        self.order: NDArray[np.intp] = np.empty(0, np.intp)
        self.row = 0

    @property
    def chosen(self) -> int | None:
        """Index of the chosen digit."""
        return int(self.order[self.row]) if len(self.order) else None

    @property
    def nothing(self) -> bool:
        """Whether not one digit is listed, though there are some."""
        return self.table is not None and not len(self.order)

    def look_at(self, table: DigitTable | None) -> None:
        """List these from now on."""
        self.table = table
        self.sort()

    def select(self, selection: Selection) -> None:
        """List what this selects, from the first on; right ones too, if no mistake is selected."""
        self.selection = selection
        if self.table is not None:
            selected = selection.mask(self.table)
            if selected.any() and not (selected & self.table.wrong).any():
                self.everything = True
        self.sort()
        self.go(0)

    def toggle_everything(self) -> None:
        self.everything = not self.everything
        self.sort()

    def next_order(self) -> None:
        """List in another order, from the first on."""
        names = list(ORDERS)
        self.by = names[(names.index(self.by) + 1) % len(names)]
        self.sort()
        self.go(0)

    def sort(self) -> None:
        """List the digits anew."""
        chosen = self.chosen
        self.order = np.empty(0, np.intp)
        if self.table is not None:
            self.order = select(self.table, self.selection, self.by)
            if not self._right_too:
                self.order = self.order[self.table.wrong[self.order]]
        found = np.flatnonzero(self.order == chosen)
        self.go(int(found[0]) if len(found) else self.row)

    def go(self, row: int) -> None:
        """Choose the digit in this row, or in the last one before it."""
        self.row = max(min(row, len(self.order) - 1), 0)

    @property
    def _right_too(self) -> bool:
        """Those that were just fixed are right."""
        return self.everything or self.by == "fixed"

    def title(self, kind: str, width: int) -> str:
        """How many of what are listed, for example "12 of 164 mistakes, true=4 pred=9, by loss".

        Args:
            kind: of digits, if there are two: test or validation.
            width: columns; the accuracy without digits of doubtful label is left out if it is long.
        """
        if self.table is None:
            return ""
        table = self.table
        total = len(table) if self._right_too else int(np.count_nonzero(table.wrong))
        what = f"{kind} {'digit' if self._right_too else 'mistake'}{'s' * (total != 1)}".lstrip()
        order = ORDER_WORDS.get(self.by, f"by {self.by}")
        count, asked = len(self.order), str(self.selection)
        if asked:
            words = f"{count:,} of {total:,} {what}, {asked}, {order}"
        else:
            words = f"{total:,} {what} {order}"
        unbacked = int(np.count_nonzero(table.unbacked))
        if unbacked:
            own = _accuracy(table.evaluation.correct, table.evaluation.total)
            backed = _accuracy(*accuracy_without(table.evaluation, table.unbacked))
            for name in (f"without {unbacked} unbacked labels", "backed"):
                more = f" · {own}, {name} {backed}"
                if len(words + more) <= width:
                    return words + more
        return words


def _accuracy(correct: int, total: int) -> str:
    """With its 95 % interval, for example "98.36% (98.1 to 98.6)"."""
    return f"{correct / total:.2%} ({ends_words(correct, total)})"
