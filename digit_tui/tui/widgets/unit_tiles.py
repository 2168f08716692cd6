"""The units of a layer as small pictures of their weights."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual import events

from digit_tui.insight.one_unit import pictures_of
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.state.found_units import FoundUnits
from digit_tui.tui.state.unit_list import UnitList
from digit_tui.tui.widgets.mouse import RowChosen, Wheel
from digit_tui.tui.widgets.weights_canvas import WeightsCanvas

Array = NDArray[Any]

ROWS = (28, 14, 7)
"""Of a picture, which has a caption too: the largest that all units fit in, else the last."""
LOW = 6
"""Rows of a picture where otherwise only one row of them would fit."""
GAP = 2
"""Columns between pictures."""
HEAD = 1
"""Lines above the pictures."""


class UnitTiles(WeightsCanvas, Wheel):
    """A page of the units of a layer; the chosen one is marked."""

    COMPONENT_CLASSES = {"unit-tiles--head", "unit-tiles--chosen", "unit-tiles--off"}

    def __init__(self) -> None:
        super().__init__()
        self._cache: dict[int, list[Line]] = {}  # pictures by unit
        self._cached_for: tuple[object, ...] = ()
        self._shown = range(0)  # places in the order
        self._rows = ROWS[-1]  # of a picture

    @property
    def _columns(self) -> int:
        """Of a picture."""
        return 2 * self._rows

    @property
    def across(self) -> int:
        """Pictures in a row."""
        return max((self.size.width + GAP) // (self._columns + GAP), 1)

    @property
    def page(self) -> int:
        """Pictures on a page."""
        return self.across * max((self.size.height - HEAD) // (self._rows + 1), 1)

    def _fit(self, count: int) -> None:
        """Choose the largest pictures of which so many fit on a page."""
        height = self.size.height - HEAD
        for self._rows in ROWS:
            if self.page >= count and self._rows < height:
                return
        if height < 2 * (ROWS[-1] + 1):
            self._rows = LOW

    def say(self, text: str) -> None:
        """Show text instead of pictures."""
        self._shown = range(0)
        self.paint([[Segment(text)]])

    def show(self, found: FoundUnits, units: UnitList, off: Collection[int]) -> None:
        """Show the page that the chosen unit is on.

        Args:
            found: what is known of the layer.
            units: their order, and which one is chosen.
            off: those that are switched off.
        """
        order, row = units.order, units.row
        self._fit(len(order))
        start = row // self.page * self.page
        self._shown = range(start, min(start + self.page, len(order)))
        shown = order[start : self._shown.stop].tolist()
        pictures = self._pictures(found, shown)
        title = f"{found.layer_name.capitalize()}: {len(order):,} units by {units.order_name}"
        lines = [self._head(f"{title}, {start + 1:,} to {self._shown.stop:,}", len(off))]
        for first in range(0, len(shown), self.across):
            in_row = shown[first : first + self.across]
            captions: Line = []
            for place, unit in enumerate(in_row, start + first):
                style = self.part("unit-tiles--off") if unit in off else None
                if place == row:
                    style = self.part("unit-tiles--chosen")
                text = f"{'▸' if place == row else ''}{caption(found, unit, unit in off)}"
                captions.append(Segment(f"{text:<{self._columns}.{self._columns}}", style))
                captions.append(Segment(" " * GAP))
            lines.append(captions)
            for line in range(self._rows):
                gap = Segment(" " * GAP)
                lines.append([part for unit in in_row for part in (*pictures[unit][line], gap)])
        self.paint(lines)

    def _head(self, title: str, off: int) -> Line:
        text = f"{title}; {off:,} off" if off else title
        head: Line = [Segment(text, self.part("unit-tiles--head"))]
        room = self.size.width - len(text) - sum(len(each.text) for each in self.legend)
        return [*head, Segment(" " * room), *self.legend] if room > 1 else head

    def _pictures(self, found: FoundUnits, shown: list[int]) -> dict[int, list[Line]]:
        """Pictures by unit; those that were drawn before are not drawn again."""
        drawn_for = (found.network, found.layer, self._rows, self.palette, self.colors)
        if drawn_for != self._cached_for:
            self._cache, self._cached_for = {}, drawn_for
        missing = [unit for unit in shown if unit not in self._cache]
        if missing:
            pictures = pictures_of(found.network, found.layer, missing)
            for unit, picture in zip(missing, pictures, strict=True):
                self._cache[unit] = self.draw_weights(picture, self._columns, self._rows)
        return self._cache

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEAD:
            return
        across, beside = divmod(offset.x, self._columns + GAP)
        place = (offset.y - HEAD) // (self._rows + 1) * self.across + across
        if across < self.across and beside < self._columns and place < len(self._shown):
            self.post_message(RowChosen(self._shown[place]))


def caption(found: FoundUnits, unit: int, is_off: bool) -> str:
    """A unit, the class that it answers to most, and its share of the importance: "17 4s 1.2%".

    Args:
        found: what is known of the layer.
        unit: its index.
        is_off: whether it is switched off.
    """
    if is_off:
        return f"{unit} off"
    if not found.units.active[unit]:
        return f"{unit} dead"
    return f"{unit} {favourite(found.units.class_means[unit])}s {found.share(unit):.1%}"


def favourite(class_means: Array) -> int:
    """The class with the highest mean activation (classes,)."""
    return int(np.nan_to_num(class_means, nan=-np.inf).argmax())
