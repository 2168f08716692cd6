"""The units of a layer in an order, and which of them is chosen."""

from __future__ import annotations

import numpy as np

from digit_tui.insight.units import LayerUnits
from digit_tui.tui.state.unit_list import UnitList


def units(importance: list[float], layer: int = 1) -> LayerUnits:
    """A layer whose units answer to classes 0, 1, 2, 0, 1, ... in this order."""
    width = len(importance)
    means = np.eye(3)[np.arange(width) % 3] * (1 + np.arange(width))[:, None]
    return LayerUnits(layer, np.ones((5, width)), means, np.ones(width), np.array(importance))


def test_the_first_stays_first_until_one_is_chosen() -> None:
    listed = UnitList()
    listed.set_units(units([1, 3, 2, 0]), set())
    assert listed.order.tolist() == [1, 2, 0, 3]
    assert (listed.chosen, listed.row) == (1, 0)
    listed.set_units(units([4, 3, 2, 0]), set())
    assert (listed.chosen, listed.row) == (0, 0)
    listed.go(2)
    assert listed.chosen == 2
    listed.set_units(units([0, 1, 5, 9]), set())
    assert (listed.chosen, listed.row) == (2, 2)  # nothing moves under the hand
    assert listed.is_earlier
    listed.go(-7)
    assert (listed.chosen, listed.row) == (0, 0)  # as it is shown
    listed.first()  # also when nothing changes any more
    assert (listed.chosen, listed.row) == (3, 0)
    assert not listed.is_earlier
    listed.keep()
    listed.set_units(units([9, 1, 5, 0]), set())
    assert (listed.chosen, listed.row) == (3, 0)
    listed.next_order()
    listed.go(99)
    assert listed.row == 3


def test_another_layer_begins_at_its_first() -> None:
    listed = UnitList()
    listed.set_units(units([1, 3, 2, 0]), set())
    listed.go(3)
    listed.set_units(units([1, 2, 3, 4], layer=2), set())
    assert listed.chosen == 3
    listed.go(3)
    listed.set_units(units([5, 4], layer=2), set())  # of another run
    assert listed.chosen == 0


def test_orders() -> None:
    listed = UnitList()
    listed.set_units(units([1, 3, 2, 0, 7]), set())
    assert (listed.order_name, listed.chosen) == ("importance", 4)
    listed.next_order()
    assert (listed.order_name, listed.chosen) == ("activity for 0s", 3)
    listed.next_class(1)
    assert (listed.order_name, listed.chosen) == ("activity for 1s", 4)
    listed.next_class(-2)
    assert (listed.order_name, listed.chosen) == ("activity for 2s", 2)
    listed.next_order()
    assert (listed.order_name, listed.order.tolist()) == ("index", [0, 1, 2, 3, 4])
    listed.next_class(1)
    assert listed.order_name == "activity for 2s"


def test_units_that_are_off_stay_where_they_were() -> None:
    listed = UnitList()
    listed.set_units(units([1, 3, 2, 0]), set())
    listed.set_units(units([1, 0, 2, 0]), {1})
    assert listed.order.tolist() == [1, 2, 0, 3]
    listed.set_units(units([1, 0, 9, 0]), {1})
    assert listed.order.tolist() == [2, 1, 0, 3]
    listed.set_units(units([1, 0.5, 9, 0]), set())
    assert listed.order.tolist() == [2, 0, 1, 3]


def test_the_least_important_of_those_that_are_on() -> None:
    listed = UnitList()
    listed.set_units(units([*range(20)]), set())
    assert listed.least_important(0.1, without=set()) == (0, 1)
    assert listed.least_important(0.1, without={0, 2}) == (1, 3)
    listed.set_units(units([2, 1]), set())
    assert listed.least_important(0.1, without=set()) == (1,)
