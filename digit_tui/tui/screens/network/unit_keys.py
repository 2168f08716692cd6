"""The keys of the page of units."""

from __future__ import annotations

from textual.binding import Binding, BindingType

UNIT_KEYS: list[BindingType] = [
    Binding("enter", "open", "Open", id="open_unit", tooltip="Show the unit, or go to its digit"),
    Binding(
        "enter",
        "apply_share",
        "Prune",
        id="apply_share",
        tooltip="Where a share is chosen: prune the run by it",
    ),
    Binding("escape", "back", "Back", id="close_unit", tooltip="Show the whole layer again"),
    Binding("x", "switch", "Off, on", id="switch", tooltip="Switch the unit off, or on again"),
    Binding(
        "X",
        "switch_least",
        "10%",
        id="switch_least",
        tooltip="Switch the least important 10% off",
    ),
    Binding("y", "next_order", "Order", id="units_order", tooltip="Sort in the next order"),
    Binding(
        "d",
        "next_class",
        "Digit",
        id="next_class",
        tooltip="Sort by activity for the next digit",
    ),
    Binding(
        "D",
        "next_class(-1)",
        "Digit before",
        show=False,
        id="class_before",
        tooltip="Sort by activity for the digit before",
    ),
    Binding("l", "next_layer", "Layer", id="next_layer", tooltip="Show the next layer"),
    Binding(
        "L",
        "next_layer(-1)",
        "Layer before",
        show=False,
        id="layer_before",
        tooltip="Show the layer before",
    ),
    Binding("b", "curve", "Pruned", id="pruned", tooltip="Show the accuracy after pruning"),
    Binding("w", "app.prune", "Prune", id="prune", tooltip="Prune weights, or put them back"),
    Binding(
        "up",
        "move(-1, True)",
        "Up",
        show=False,
        id="unit_up",
        tooltip="Go a row up, or to the unit before",
    ),
    Binding(
        "down",
        "move(1, True)",
        "Down",
        show=False,
        id="unit_down",
        tooltip="Go a row down, or to the next unit",
    ),
    Binding(
        "left",
        "move(-1)",
        "Before",
        show=False,
        id="unit_before",
        tooltip="Go to the unit, digit or share before",
    ),
    Binding(
        "right",
        "move(1)",
        "Next",
        show=False,
        id="unit_after",
        tooltip="Go to the next unit, digit or share",
    ),
    Binding("pageup", "page(-1)", "Page up", show=False, id="units_up", tooltip="Go a page up"),
    Binding(
        "pagedown", "page(1)", "Page down", show=False, id="units_down", tooltip="Go a page on"
    ),
    Binding("home", "go(0)", "First", show=False, id="first_unit", tooltip="Go to the first"),
    Binding("end", "go(-1)", "Last", show=False, id="last_unit", tooltip="Go to the last"),
]
