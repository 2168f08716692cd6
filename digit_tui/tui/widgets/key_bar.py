"""The bar of keys that work now: the most useful ones in a line, or two where there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget

GAP = 2
"""Columns between keys."""
HELP = "help"
"""The key that works in dialogs, too, by its id."""
TALL = 30
"""Rows of a screen that has room for a second line."""


class _Told(NamedTuple):
    """What the bar depends on."""

    width: int
    rows: int
    """That it has at most, ..."""
    least: int
    """... and at least."""
    style: Style
    """Of keys."""
    first: tuple[str, ...]
    """What there is room for first, by id."""
    bindings: tuple[Binding, ...]


class KeyBar(Widget):
    """Visible bindings as key and description; a click presses the key, one on a word its first."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"key-bar--key"}

    def __init__(self, first: Callable[[], Sequence[str]]) -> None:
        """Make it.

        Args:
            first: says what there is to be room for first now, by id.
        """
        super().__init__()
        self._first = first
        self._drawn: tuple[_Told, list[Text]] | None = None

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update_bar)

    def _update_bar(self, _: object) -> None:
        """Lay the view out again only if the height changes: it is the slowest part of opening."""
        width, height = self.size
        self.refresh(layout=len(self._lines(width)) != height)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Text:
        return Text("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Text]:
        """The keys that fit, in the order of the bindings."""
        told = self._told(width)
        if self._drawn is None or self._drawn[0] != told:
            self._drawn = told, self._draw(told)
        return self._drawn[1]

    def _told(self, width: int) -> _Told:
        dialog = self.app.screen
        covered = isinstance(dialog, ModalScreen)  # which has buttons for its own keys
        explained = covered and getattr(dialog, "EXPLAINED", False)
        shown = [
            binding
            for _, binding, enabled, _ in self.screen.active_bindings.values()
            if binding.show and enabled and (not covered or (explained and binding.id == HELP))
        ]
        # Of several keys for the same, as the user may give them, the first.
        shown = [*{binding.id or binding.key: binding for binding in reversed(shown)}.values()]
        shown.reverse()
        rows = 2 if self.screen.size.height >= TALL else 1
        # Under a dialog it stays as high as it is: nothing moves.
        least = self.size.height if covered else 0
        style = self.get_component_rich_style("key-bar--key", partial=True)
        return _Told(width, rows, least, style, tuple(self._first()), tuple(shown))

    def _draw(self, told: _Told) -> list[Text]:
        # Bindings of a group share a description: "[ ] Rate".
        grouped = groupby(told.bindings, lambda binding: binding.group or binding)
        groups = [list(bindings) for _, bindings in grouped]
        items = [self._item(bindings, told.style) for bindings in groups]
        widths = [item.cell_len for item in items]
        lines: list[list[int]] = [[]]
        ranks = [min(_rank(binding, told.first) for binding in group) for group in groups]
        for place in sorted(range(len(items)), key=lambda place: ranks[place]):
            chosen = sorted([*(each for line in lines for each in line), place])
            broken = _broken(chosen, widths, told.width)
            if len(broken) <= told.rows:
                lines = broken
        gap = Text(" " * GAP)
        texts = [gap.join(items[each] for each in line) for line in lines]
        return texts + [Text()] * (told.least - len(texts))

    def _item(self, bindings: list[Binding], style: Style) -> Text:
        """The keys of a group, and what they do."""
        item = Text()
        for binding in bindings:
            key = Text(self.app.get_key_display(binding), style)
            key.apply_meta(_click(binding))
            item.append_text(key).append(" ")
        word = Text(bindings[0].description)
        word.apply_meta(_click(bindings[0]))
        return item.append_text(word)


def _click(binding: Binding) -> dict[str, str]:
    """What makes a click press a key."""
    return {"@click": f"app.simulate_key('{binding.key}')"}


def _rank(binding: Binding, first: Sequence[str]) -> int:
    """What matters more has a lower one."""
    return first.index(binding.id) if binding.id in first else len(first)


def _broken(items: Iterable[int], widths: list[int], width: int) -> list[list[int]]:
    """Items, by their places, in lines of a width."""
    lines: list[list[int]] = [[]]
    room = width
    for item in items:
        if lines[-1] and widths[item] + GAP > room:
            lines.append([])
            room = width
        room -= widths[item] + GAP * bool(lines[-1])
        lines[-1].append(item)
    return lines
