"""Which parameters go with units that are switched off, and with weights that are pruned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.network import layer_views, parameter_count

Array = NDArray[Any]


def parameters_of_units(sizes: Sequence[int], units: Iterable[tuple[int, int]]) -> Array:
    """Where the parameters of hidden units are: the weights in and out, and the biases.

    Args:
        sizes: layer widths, inputs first, classes last.
        units: (layer, unit) pairs; layers count from 1, units from 0.

    Returns:
        (n,) bool, over the parameter vector.
    """
    mask = np.zeros(parameter_count(sizes), np.bool_)
    layers = layer_views(mask, sizes)
    for layer, unit in units:
        layers[layer - 1].weights[:, unit] = True
        layers[layer - 1].biases[unit] = True
        layers[layer].weights[unit] = True
    return mask


def smallest_weights(parameters: Array, sizes: Sequence[int], share: float) -> Array:
    """The share of a network's weights with the smallest magnitudes; biases are not counted.

    Of equal ones the first are taken. Magnitude pruning over the whole network: Han, Pool, Tran and
    Dally (2015, arXiv:1506.02626).

    Args:
        parameters: (n,) all weights and biases.
        sizes: layer widths, inputs first, classes last.
        share: from 0 to 1, rounded to whole weights.

    Returns:
        (n,) bool, over the parameter vector.
    """
    places = np.flatnonzero(weight_mask(sizes))
    mask = np.zeros(len(parameters), np.bool_)
    count = round(share * len(places))
    if count:
        magnitudes = np.abs(parameters[places])
        largest = np.partition(magnitudes, count - 1)[count - 1]
        below = magnitudes < largest
        equal = np.flatnonzero(magnitudes == largest)[: count - np.count_nonzero(below)]
        mask[places[below]] = mask[places[equal]] = True
    return mask


def weight_mask(sizes: Sequence[int]) -> Array:
    """(n,) bool, where the weights are in the parameter vector: all that is no bias."""
    mask = np.ones(parameter_count(sizes), np.bool_)
    for layer in layer_views(mask, sizes):
        layer.biases[...] = False
    return mask
