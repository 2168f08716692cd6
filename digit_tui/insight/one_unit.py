"""One unit of a layer: the digits that excite it, its connections, its picture."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.units import LayerUnits
from digit_tui.nn import Network

Array = NDArray[Any]

EXCITING = 9
CONNECTIONS = 5


class Connections(NamedTuple):
    """Weights between a unit and a layer beside it, the largest magnitude first."""

    indices: Array
    """(count,) intp, units of that layer; pixels, row by row, if it is the input."""
    weights: Array
    """(count,)"""


class UnitFacts(NamedTuple):
    """What is known of one unit."""

    layer: int
    """Counted from 1."""
    unit: int
    """Counted from 0."""
    class_means: Array
    """(classes,) mean activation for the digits of a class; NaN if there are none."""
    active: float
    """Share of the digits on which it is above 0."""
    importance: float
    """Mean |activation * gradient of the loss|, in nats; see `layer_units`."""
    rank: int
    """Its place in the layer by importance, from 1."""
    exciting: Array
    """(up to 9,) intp, the digits with the largest activation; of a unit with a ReLU only those
    on which it is above 0."""
    excitements: Array
    """(up to 9,) its activations for them."""
    incoming: Connections
    outgoing: Connections
    """None from the output layer."""
    picture: Array
    """(side, side), see `pictures_of`."""


def unit_facts(network: Network, units: LayerUnits, unit: int) -> UnitFacts:
    """What is known of one unit.

    Args:
        network: the classifier.
        units: its layer, of the same network.
        unit: its index.
    """
    layer = units.layer
    hidden = layer < len(network.layers)
    activations = units.activations[:, unit]
    exciting = (-activations).argsort(kind="stable")[:EXCITING]
    if hidden:
        exciting = exciting[activations[exciting] > 0]
    outgoing = network.layers[layer].weights[unit] if hidden else np.empty(0)
    return UnitFacts(
        layer=layer,
        unit=unit,
        class_means=units.class_means[unit],
        active=float(units.active[unit]),
        importance=float(units.importance[unit]),
        rank=int(np.flatnonzero(units.order("importance") == unit)[0]) + 1,
        exciting=exciting,
        excitements=activations[exciting],
        incoming=_strongest(network.layers[layer - 1].weights[:, unit]),
        outgoing=_strongest(outgoing),
        picture=pictures_of(network, layer, [unit])[0],
    )


def _strongest(weights: Array) -> Connections:
    indices = (-np.abs(weights)).argsort(kind="stable")[:CONNECTIONS]
    indices = indices[weights[indices] != 0]  # what is pruned connects nothing
    return Connections(indices, weights[indices])


def pictures_of(network: Network, layer: int, units: Sequence[int] | Array) -> Array:
    """What units look for: (count, side, side), positive where ink excites them, else negative.

    In the first layer these are its weights. A deeper unit's weights are carried back to the pixels
    as if there were no ReLUs: the product of the weight matrices. That shows its tendency; what it
    does for a digit depends on which units below are active.
    """
    weights: Array = network.layers[layer - 1].weights[:, units]
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        for below in network.layers[layer - 2 :: -1] if layer > 1 else []:
            weights = below.weights @ weights  # (fan_in, fan_out) @ (fan_out, count)
    side = isqrt(network.sizes[0])
    return weights.T.reshape(-1, side, side)


def unit_to_json(facts: UnitFacts) -> dict[str, Any]:
    """One unit as a JSON object; numbers that JSON cannot express become null."""
    return {name: _plain(value) for name, value in facts._asdict().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Connections):
        return {name: _plain(each) for name, each in value._asdict().items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
