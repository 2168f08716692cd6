"""Which training digits look alike to a network."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Network, outputs_in_chunks

Array = NDArray[Any]


class Neighbours(NamedTuple):
    """The nearest first; equally near ones in the order of the data."""

    indices: Array
    """(count,) intp"""
    distances: Array
    """(count,) float32, cosine distances: 1 - cos, from 0 (same direction) to 2 (opposite)."""


def hidden_features(network: Network, images: Array) -> Array:
    """The output of the last hidden layer after its ReLU, as directions.

    Args:
        network: one without hidden layers sees the pixels themselves.
        images: (n, pixels) uint8.

    Returns:
        (n, width) float32, rows of length 1; a row of zeros stays one.
    """
    features = np.empty((len(images), network.sizes[-2]), np.float32)
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        for chunk, layers in outputs_in_chunks(network, images):
            hidden = layers[-2].astype(np.float64)  # the squares of large numbers still fit
            lengths = np.sqrt(np.square(hidden).sum(axis=1, keepdims=True))
            features[chunk] = hidden / np.where(lengths == 0, 1, lengths)
    return features


def nearest(features: Array, query: Array, count: int) -> Neighbours:
    """The `count` rows (or all, if there are fewer) with the smallest cosine distance.

    Args:
        features: (n, width) as `hidden_features` makes them.
        query: (width,) one such row, of another set of images.
        count: how many are wanted.
    """
    with np.errstate(all="ignore"):
        distances = (1 - features @ query).clip(0, 2)  # rounding goes a little beyond
    indices = distances.argsort(kind="stable")[:count]  # what is no number comes last
    return Neighbours(indices, distances[indices])
