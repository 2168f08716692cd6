"""What was found out about the units of a layer."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from digit_tui.insight.one_unit import UnitFacts, unit_facts
from digit_tui.insight.units import LayerUnits, layer_units
from digit_tui.nn import Network
from digit_tui.run.events import Evaluated

Array = NDArray[Any]

SAMPLE = 2_000
"""Digits that a layer is tried on, at most, evenly spread: 10,000 take five times as long."""


class FoundUnits(NamedTuple):
    """The units of one layer of an evaluated network, tried on some of the digits."""

    evaluated: Evaluated
    images: Array
    """(n, side * side) uint8, all of the split."""
    units: LayerUnits
    stride: int
    """It was tried on every so many of the digits."""

    @classmethod
    def find(cls, evaluated: Evaluated, images: Array, labels: Array, layer: int) -> FoundUnits:
        """Run the network on some of the digits.

        Args:
            evaluated: with the network.
            images: (n, side * side) uint8, of its split.
            labels: (n,)
            layer: from 1; the last one, if there are not so many.
        """
        stride = -(-len(labels) // SAMPLE)  # rounded up
        layer = min(layer, len(evaluated.network.layers))
        units = layer_units(evaluated.network, images[::stride], labels[::stride], layer)
        return cls(evaluated, images, units, stride)

    @property
    def network(self) -> Network:
        return self.evaluated.network

    @property
    def layer(self) -> int:
        """From 1."""
        return self.units.layer

    @property
    def layer_name(self) -> str:
        """For example "layer 1 of 3" or "output"."""
        count = len(self.network.layers)
        return "output" if self.layer == count else f"layer {self.layer} of {count}"

    @property
    def width(self) -> int:
        """Units of the layer."""
        return len(self.units.importance)

    @property
    def sample(self) -> int:
        """Digits that it was tried on."""
        return len(self.units.activations)

    def share(self, unit: int) -> float:
        """A unit's share of the importance of all; 0 if none has any."""
        total = float(self.units.importance.sum())
        return float(self.units.importance[unit]) / total if total else 0.0

    def facts(self, unit: int) -> UnitFacts:
        """What is known of a unit."""
        return unit_facts(self.network, self.units, unit)

    def digits(self, facts: UnitFacts) -> list[int]:
        """The digits that excite a unit most, as indices of the split."""
        digits: list[int] = (facts.exciting * self.stride).tolist()
        return digits
