"""Checking the gradient that back-propagation computes against the slope of the loss itself.

The slope along one parameter w is the central difference (L(w + h) - L(w - h)) / (2h), in float64
(Stanford's CS231n, "Gradient checks", https://cs231n.github.io/neural-networks-3/#gradcheck).

A ReLU has a kink at 0, and a difference across it is no slope. So where a perturbation changes for
any image whether a unit is above 0, the parameter is not used: another one is drawn, and counted.

A check fails by rounding alone where weights are a thousand times as large as usual.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.loss import cross_entropy
from digit_tui.nn.network import Network, layer_matrices, scale_pixels

Array = NDArray[Any]

BATCH = 64
"""Images that are enough for a check, and few enough for a second."""
COUNT = 50
"""Parameters of each layer that are checked."""
DRAWS = 4
"""So many times as many parameters of a layer are drawn at most, where kinks are many."""
STEP = 1e-4
"""How far the inputs of units are moved at most: h is this over the largest input of the layer. The
rest of Taylor's series shrinks with it, rounding grows; both are near 1e-8 of a typical slope."""
FLOOR = 1e-3
"""Slopes smaller than this share of the layer's largest are compared as if they were as large: of a
sum over images that nearly cancels, only rounding is left."""
ROUNDING = 1e4 * float(np.finfo(np.float64).eps)
"""Likewise slopes smaller than this times the largest logit over h, of which a logit's last bits
hide more than `TOLERANCE` (they matter where the weights are a thousandth of their usual size)."""
TOLERANCE = 1e-6
"""The largest relative error of a right gradient. A wrong one is far above it: one that is 1 % too
long has 5e-3, one of the wrong sign has 1."""


class LayerCheck(NamedTuple):
    """What came of the check of one layer."""

    checked: int
    """Parameters that were compared."""
    zero: int
    """Those among them whose slope is 0 both ways, such as the weights of blank pixels."""
    kinks: int
    """Parameters that were drawn but not compared, as a unit passed 0."""
    largest_error: float
    """|a - n| / max(|a| + |n|, floor), where a is the analytic and n the numeric slope; for the
    floor see `FLOOR` and `ROUNDING`. NaN if a slope is not finite, or none was compared."""
    row: int | None
    """Where the largest error is: at the weight of this input of the layer, from 0; None at a bias,
    ..."""
    unit: int | None
    """... of this unit. None if no slope was compared."""
    analytic: float
    """The slope there, in nats, by back-propagation, ..."""
    numeric: float
    """... and by differences."""

    @property
    def passed(self) -> bool:
        """Whether all slopes agree; false for NaN."""
        return self.largest_error < TOLERANCE


def check_gradient(
    network: Network,
    images: Array,
    labels: Array,
    gradient: Array,
    generator: np.random.Generator,
    count: int = COUNT,
) -> list[LayerCheck]:
    """Compare a gradient with the slope of the mean cross-entropy of a batch.

    Args:
        network: in float64; its parameters are moved and put back.
        images: (n, pixels) uint8, at least one.
        labels: (n,) their classes.
        gradient: (parameters,) float64, such as `batch_gradient` of the same network and batch.
        generator: draws the parameters.
        count: how many of each layer.
    """
    inputs = scale_pixels(images, np.empty(images.shape, np.float64))
    outputs = network.buffers(len(images))
    checks, start = [], 0
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        network.forward(inputs, outputs)
        for layer, slopes in enumerate(layer_matrices(gradient, network.sizes)):
            rest = Network(network.sizes[layer:], network.parameters[start:])
            below = outputs[layer - 1] if layer else inputs  # (n, fan_in)
            checks.append(_check_layer(_Slopes(rest, below, labels), slopes, generator, count))
            start += slopes.size
    return checks


class _Slopes:
    """Slopes by differences, along the parameters of the first layer of the rest of a network.

    What comes into that layer does not change, and of its outputs only one unit's.
    """

    def __init__(self, rest: Network, inputs: Array, labels: Array) -> None:
        """Prepare for the slopes of a layer.

        Its `resolution` is the least slope that can be told exactly enough.

        Args:
            rest: the network from that layer on.
            inputs: (n, fan_in) what comes into it.
            labels: (n,)
        """
        self._rest, self._labels = rest, labels
        self._matrix = layer_matrices(rest.parameters, rest.sizes)[0]  # (fan_in + 1, fan_out)
        self._inputs = np.pad(inputs, ((0, 0), (0, 1)), constant_values=1)  # of the biases: 1
        self._output = self._inputs @ self._matrix  # (n, fan_out), before the ReLU
        self._buffers = rest.buffers(len(inputs))
        self._step = STEP / np.abs(self._inputs).max()
        logits, self._active = self._forward(0)
        self.resolution = ROUNDING * np.abs(logits).max() / self._step

    def along(self, row: int, unit: int) -> float | None:
        """The slope along one parameter; None if a unit passes 0 on the way."""
        kept = self._matrix[row, unit]
        ends = kept - self._step, kept + self._step
        logits: list[Array] = []
        for moved in ends:
            self._matrix[row, unit] = moved
            found, active = self._forward(unit)
            self._matrix[row, unit] = kept
            if not np.array_equal(active, self._active):
                return None
            logits.append(found)
        change = mean_change(logits[0], logits[1], self._labels)
        return float(change / (ends[1] - ends[0]))  # NaN beside weights that h does not move

    def _forward(self, unit: int) -> tuple[Array, Array]:
        """After a parameter of a unit was moved: the logits, and which hidden units are above 0."""
        np.copyto(self._buffers[0], self._output)
        self._buffers[0][:, unit] = self._inputs @ self._matrix[:, unit]
        logits = self._rest.forward_on(self._buffers).copy()
        hidden = [each > 0 for each in self._buffers[:-1]]
        return logits, np.concatenate([*hidden, np.empty((len(logits), 0), np.bool_)], axis=1)


def mean_change(before: Array, after: Array, labels: Array) -> float:
    """By how much the mean cross-entropy changes between two sets of logits, in nats.

    The difference of two losses would keep few digits of a small change. With the probabilities p
    before and the logits' changes d, the loss of an image of class y changes by
    log(sum_c p_c exp(d_c - d_y)), which keeps nearly all.

    Args:
        before: (n, classes)
        after: (n, classes)
        labels: (n,)
    """
    probabilities, _ = cross_entropy(before.copy(), labels)
    changes = after - before
    changes -= np.take_along_axis(changes, labels[:, None].astype(np.intp), axis=1)
    return float(np.log1p(np.sum(probabilities * np.expm1(changes), axis=1)).mean())


def _check_layer(
    slopes: _Slopes, gradients: Array, generator: np.random.Generator, count: int
) -> LayerCheck:
    """Compare some of the slopes (fan_in + 1, fan_out) of a layer."""
    places, pairs, kinks = [], [], 0
    for place in generator.permutation(gradients.size)[: DRAWS * count]:
        row, unit = divmod(int(place), gradients.shape[1])
        numeric = slopes.along(row, unit)
        if numeric is None:
            kinks += 1
            continue
        places.append((row, unit))
        pairs.append((float(gradients[row, unit]), numeric))
        if len(places) == count:
            break
    if not places:
        return LayerCheck(0, 0, kinks, np.nan, None, None, np.nan, np.nan)
    analytic, numeric_slopes = np.array(pairs).T
    sizes = np.abs(analytic) + np.abs(numeric_slopes)
    # The first of these is a number, and a NaN is not larger: it stays in its own slope.
    floor = max(np.finfo(np.float64).tiny, FLOOR * np.fmax.reduce(sizes), slopes.resolution)
    errors = np.abs(analytic - numeric_slopes) / np.maximum(sizes, floor)
    worst = int(errors.argmax())  # the first NaN, if there is one
    row, unit = places[worst]
    return LayerCheck(
        checked=len(places),
        zero=int(np.count_nonzero(sizes == 0)),
        kinks=kinks,
        largest_error=float(errors[worst]),
        row=row if row < len(gradients) - 1 else None,
        unit=unit,
        analytic=pairs[worst][0],
        numeric=pairs[worst][1],
    )
