"""A row of a form with values to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

NAME_WIDTH = 15
"""Columns for the name of a row, and the pointer before it."""


def row_name(name: str, selected: bool) -> str:
    """The name of a row; a pointer says that keys are for it."""
    return f"{'▸' if selected else ' '} {name}".ljust(NAME_WIDTH)


class Choice(Widget):
    """Values in a line, the chosen one in brackets; a click chooses one.

    Where there is no room for all, those around the chosen one are shown.

    Attributes:
        chosen: index of the chosen value.
        in_force: whether that counts; else none is shown as chosen.
        selected: whether keys are for this row.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"choice--chosen", "choice--own", "choice--other"}

    chosen = reactive(0)
    in_force = reactive(True)
    selected = reactive(False)

    class Clicked(Message):
        """The row was clicked."""

        def __init__(self, row: Choice, value: int | None) -> None:
            """Tell of it.

            Args:
                row: that was clicked.
                value: index of the value that was clicked; None beside all of them.
            """
            super().__init__()
            self.row = row
            self.value = value

    def __init__(self, name: str, labels: Sequence[str], own: int) -> None:
        """Make it.

        Args:
            name: what is chosen.
            labels: the values in words.
            own: index of the value that it has without a choice; it is chosen at first.
        """
        super().__init__()
        self.label = name
        self._labels = list(labels)
        self.own = own
        self.set_reactive(Choice.chosen, own)

    @property
    def differs(self) -> bool:
        """Whether another value than its own is chosen."""
        return self.in_force and self.chosen != self.own

    def relabel(self, labels: Sequence[str]) -> None:
        """Show other values; the one in the same place is chosen."""
        self._labels = list(labels)
        self.refresh()

    def move(self, steps: int) -> None:
        """Choose the value so far to the right; after the last comes the first."""
        now = self.own - steps if self.chosen is None else self.chosen
        self.chosen = (now + steps) % len(self._labels)

    def render(self) -> Text:
        text = Text(end="")
        text.append(row_name(self.label, self.selected), "bold" if self.differs else "")
        first, after = self._shown()
        if not self._all_fit:
            text.append("◂" if first else " ")
        for index in range(first, after + 1):
            text.append_text(self._gap(index, first, after))
            if index < after:
                text.append(self._labels[index], self._style_of(index))
        if not self._all_fit:
            text.append("▸" if after < len(self._labels) else " ")
        return text

    @property
    def _all_fit(self) -> bool:
        """Whether there is room for all values, with two columns between them."""
        return sum(len(label) + 2 for label in self._labels) <= self.size.width - NAME_WIDTH

    def _gap(self, index: int, first: int, after: int) -> Text:
        """What is between two values: blanks, and the brackets of the one that is chosen.

        Args:
            index: of the value behind the gap.
            first: index of the first value shown.
            after: one more than that of the last.
        """
        chosen = self._style_of(self.chosen)
        opens = self.in_force and index == self.chosen
        closes = self.in_force and index == self.chosen + 1
        before, behind = "]" if closes else " ", "[" if opens else " "
        gap = Text()
        if index > first and (self._all_fit or not opens):
            gap.append(before, chosen if closes else "")
        if index < after and (self._all_fit or opens or index == first):
            gap.append(behind, chosen if opens else "")
        return gap

    def _style_of(self, index: int) -> Style:
        kind = (
            "chosen"
            if self.in_force and index == self.chosen
            else "own"
            if index == self.own
            else "other"
        )
        return self.get_component_rich_style(f"choice--{kind}")

    def _shown(self) -> tuple[int, int]:
        """The values that there is room for: the first, and the one after the last."""
        if self._all_fit:
            return 0, len(self._labels)
        room = self.size.width - NAME_WIDTH - len("◂]▸")
        widths = [len(label) + 1 for label in self._labels]
        first, after = self.chosen, self.chosen + 1
        before = None
        while before != (first, after):
            before = first, after
            if after < len(widths) and sum(widths[first : after + 1]) <= room:
                after += 1
            if first > 0 and sum(widths[first - 1 : after]) <= room:
                first -= 1
        return first, after

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        self.post_message(self.Clicked(self, None if offset is None else self._value_at(offset.x)))

    def _value_at(self, x: int) -> int | None:
        first, after = self._shown()
        start, gap = NAME_WIDTH, 2
        if not self._all_fit:
            start, gap = NAME_WIDTH + len("◂"), 1
        for index in range(first, after):
            end = start + len(self._labels[index]) + gap
            if start <= x < end:
                return index
            start = end
        return None
