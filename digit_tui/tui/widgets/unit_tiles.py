"""The units of a layer as small pictures of their weights."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from digit_tui.insight.one_unit import pictures_of
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.state.found_units import FoundUnits
from digit_tui.tui.state.unit_list import UnitList
from digit_tui.tui.widgets.layer_table import number
from digit_tui.tui.widgets.tiles import Tiles
from digit_tui.tui.widgets.weights_canvas import WeightsCanvas

Array = NDArray[Any]

WIDE = 76
"""Columns in which a whole sentence says what a caption has."""
LOW = 6
"""Rows of a picture where otherwise only one row of them would fit."""


class UnitTiles(WeightsCanvas, Tiles):
    """A page of the units of a layer; the chosen one is marked."""

    COMPONENT_CLASSES = {"unit-tiles--head", "unit-tiles--chosen", "unit-tiles--off"}
    GAP = 2
    HEAD = 1

    def __init__(self) -> None:
        super().__init__()
        self._cache: dict[int, list[Line]] = {}  # pictures by unit
        self._cached_for: tuple[object, ...] = ()

    def _fit(self, count: int) -> bool:
        fits = super()._fit(count)
        if not fits and self._height < 2 * (self._rows + 1):
            self._rows = LOW
        return fits

    def show(self, found: FoundUnits, units: UnitList, off: Collection[int]) -> None:
        """Show the page that the chosen unit is on.

        Args:
            found: what is known of the layer.
            units: their order, and which one is chosen.
            off: those that are switched off.
        """
        order, row = units.order, units.row
        places = self.turn_to(row, len(order))
        shown = order[places.start : places.stop].tolist()
        pictures = self._pictures(found, shown)
        captions = []
        for place, unit in zip(places, shown, strict=True):
            style = self.part("unit-tiles--off") if unit in off else None
            if place == row:
                style = self.part("unit-tiles--chosen")
            text = f"{'▸' if place == row else ''}{caption(found, units, unit, unit in off)}"
            captions.append(Segment(text, style))
        earlier = "earlier " if units.is_earlier else ""
        by = f"{earlier}{units.order_name}"
        title = f"{found.layer_name.capitalize()}: {len(order):,} units by {by}"
        head = self._head(f"{title}, {places.start + 1:,} to {places.stop:,}", len(off))
        lines = [head, *self.in_rows(captions, [pictures[unit] for unit in shown])]
        if len(lines) < self.size.height:
            below = f"above each: {caption_parts(units, self.size.width >= WIDE)}"
            lines += [[]] * (self.size.height - 1 - len(lines)) + [[Segment(below)]]
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


def caption_parts(units: UnitList, wide: bool) -> str:
    """What a caption has: where units are sorted by activity, that instead of the importance."""
    if units.of_class is not None:
        return f"the unit, its mean activation for {units.of_class}s"
    answers = " it answers to most" if wide else ""
    return f"the unit, the class{answers}, its share of importance"


def caption(found: FoundUnits, units: UnitList, unit: int, is_off: bool) -> str:
    """The parts that `caption_parts` names: "17 4s 1.2%", or "17 3.4".

    Args:
        found: what is known of the layer.
        units: their order.
        unit: its index.
        is_off: whether it is switched off.
    """
    if is_off:
        return f"{unit} off"
    if not found.units.active[unit]:
        return f"{unit} dead"
    if units.of_class is not None:
        return f"{unit} {number(float(found.units.class_means[unit, units.of_class]))}"
    return f"{unit} {favourite(found.units.class_means[unit])}s {found.share(unit):.1%}"


def favourite(class_means: Array) -> int:
    """The class with the highest mean activation (classes,)."""
    return int(np.nan_to_num(class_means, nan=-np.inf).argmax())
