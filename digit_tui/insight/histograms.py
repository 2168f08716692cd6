"""How the weights, gradients and activations of a layer are distributed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Network, outputs_in_chunks
from digit_tui.nn.network import layer_matrices

Array = NDArray[Any]

BINS = 40


class Histogram(NamedTuple):
    """How many values are in each of some equally wide bins."""

    edges: Array
    """(bins + 1,) float64, ascending; a value at an edge is in the bin that begins there, but the
    last bin has both of its edges."""
    counts: Array
    """(bins,) int64"""
    not_finite: int
    """How many values are NaN or infinite, and in no bin."""

    @property
    def centres(self) -> Array:
        """(bins,) the middle of each bin, where its bar is drawn."""
        centres: Array = (self.edges[:-1] + self.edges[1:]) / 2
        return centres

    @property
    def log_counts(self) -> Array:
        """(bins,) log10(1 + count): the bars of few values can be seen beside those of many."""
        counts: Array = np.log10(1 + self.counts)
        return counts


class LayerHistograms(NamedTuple):
    """Of one layer."""

    weights: Histogram
    """Without biases."""
    gradients: Histogram
    """Of the weights."""
    activations: Histogram
    """Units for all images, after the ReLU where there is one: its zeros are the tall bar."""


def histogram(values: Array, bins: int = BINS) -> Histogram:
    """Count values of any shape in bins from the least to the largest finite one.

    Values that are all the same are in the middle of bins that are together 1 wide; where there is
    none that is finite the bins are empty.
    """
    flat = values.reshape(-1)
    finite = np.isfinite(flat)
    if not finite.all():
        flat = flat[finite]
    # In float64 there is room for edges between any two float32 numbers, and for their distance.
    counts, edges = np.histogram(flat.astype(np.float64), bins)
    return Histogram(edges, counts, values.size - len(flat))


def activations(network: Network, images: Array, layer: int) -> Array:
    """What the units of a layer put out.

    Args:
        network: the classifier.
        images: (n, pixels) uint8
        layer: counted from 1, the output layer last.

    Returns:
        (n, units) of the network's type, after the ReLU where there is one.
    """
    found = np.empty((len(images), network.sizes[layer]), network.parameters.dtype)
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        for chunk, outputs in outputs_in_chunks(network, images):
            found[chunk] = outputs[layer]
    return found


def layer_histograms(
    network: Network,
    images: Array,
    gradient: Array,
    layer: int,
    bins: int = BINS,
    removed: Array | None = None,
) -> LayerHistograms:
    """The distributions in one layer, as `layer_facts` measures it.

    Args:
        network: the classifier.
        images: (n, pixels) uint8, the test digits.
        gradient: (parameters,) see `NextStep`.
        layer: counted from 1, the output layer last.
        bins: of each of them.
        removed: (parameters,) bool, those that are switched off or pruned; they are not counted,
            nor is what a unit that is off puts out.
    """
    weights, gradients = (
        layer_matrices(each, network.sizes)[layer - 1][:-1]
        for each in (network.parameters, gradient)
    )
    outputs = activations(network, images, layer)
    if removed is not None:
        kept = ~layer_matrices(removed, network.sizes)[layer - 1]
        weights, gradients = weights[kept[:-1]], gradients[kept[:-1]]
        outputs = outputs[:, kept.any(axis=0)]
    return LayerHistograms(*(histogram(each, bins) for each in (weights, gradients, outputs)))
