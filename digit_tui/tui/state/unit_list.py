"""The units of a layer in an order, and which of them is chosen."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.units import LayerUnits, Order

Array = NDArray[Any]

ORDERS: tuple[Order, ...] = get_args(Order)


class UnitList:
    """The units are sorted anew as they change, while the first is chosen; not under a person's
    hand: once another is chosen, all stay where they are until the first of them or another order
    is asked for.

    Attributes:
        order: (units,) intp, as they are shown; empty before there are some.
    """

    def __init__(self) -> None:
        self.order: Array = np.empty(0, np.intp)
        self._units: LayerUnits | None = None
        self._by: Order = ORDERS[0]
        self._class = 0
        """Whose digits they are sorted by, in the order by activity."""
        self._unit: int | None = None
        """The chosen one; None for the first of the order, whichever that is."""

    def set_units(self, units: LayerUnits, off: set[int]) -> None:
        """Take over what is known now; of another layer the first is chosen.

        Args:
            units: the layer.
            off: units that are switched off; they stay where they were before.
        """
        before, self._units = self._units, units
        shape = units.class_means.shape
        self._class = min(self._class, shape[1] - 1)
        if before is None or (before.layer, before.class_means.shape) != (units.layer, shape):
            self._unit = None
        elif off:
            importance, means = units.importance.copy(), units.class_means.copy()
            places = sorted(off)
            importance[places], means[places] = (
                before.importance[places],
                before.class_means[places],
            )
            self._units = units._replace(importance=importance, class_means=means)
        if self._unit is None:
            self._sort()

    def _sort(self) -> None:
        if self._units is not None:
            self.order = self._units.order(self._by, self._class)

    @property
    def is_earlier(self) -> bool:
        """Whether the units have changed since they were sorted, so that the order is another."""
        units = self._units
        return units is not None and not np.array_equal(
            self.order, units.order(self._by, self._class)
        )

    @property
    def order_name(self) -> str:
        """For example "importance" or "activity for 4s"."""
        return self._by if self.of_class is None else f"activity for {self.of_class}s"

    @property
    def of_class(self) -> int | None:
        """Whose digits they are sorted by, in the order by activity; None in any other."""
        return self._class if self._by == "activity" else None

    @property
    def chosen(self) -> int:
        """The chosen unit."""
        return int(self.order[0]) if self._unit is None else self._unit

    @property
    def row(self) -> int:
        """The place of the chosen unit in the order."""
        row: int = self.order.tolist().index(self.chosen)
        return row

    def go(self, row: int) -> None:
        """Choose the unit at a place; the nearest, if there is none there."""
        row = max(min(row, len(self.order) - 1), 0)
        self._unit = int(self.order[row]) if row > 0 or self.is_earlier else None

    def first(self) -> None:
        """Choose the first of a new order."""
        self._unit = None
        self._sort()

    def keep(self) -> None:
        """Keep the unit, even if it is the first and then no longer is."""
        self._unit = self.chosen

    def next_order(self) -> None:
        """Sort in the next order, and choose the first."""
        self._by = ORDERS[(ORDERS.index(self._by) + 1) % len(ORDERS)]
        self._unit = None
        self._sort()

    def next_class(self, count: int) -> None:
        """Sort by activity; if that is the order already, for the digits of another class."""
        if self._by == "activity" and self._units is not None:
            self._class = (self._class + count) % self._units.class_means.shape[1]
        self._by, self._unit = "activity", None
        self._sort()

    def least_important(self, share: float, without: set[int]) -> tuple[int, ...]:
        """The least important units, by their indices.

        Args:
            share: how many, of all in the layer; at least one.
            without: units that are left out.
        """
        assert self._units is not None
        ordered = self._units.order("importance").tolist()
        rest = [unit for unit in ordered if unit not in without]
        return tuple(sorted(rest[-max(round(share * len(ordered)), 1) :]))
