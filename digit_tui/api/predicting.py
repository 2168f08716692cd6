"""What a network makes of images."""

from __future__ import annotations

from math import inf
from numbers import Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digit_tui.api.digits import as_pixels
from digit_tui.insight.calibration import calibrated
from digit_tui.nn import Network, evaluate


class HasNetwork(Protocol):
    """A run, its fork, or a saved run."""

    @property
    def network(self) -> Network:
        """What predicts."""


def predict_proba(
    run: HasNetwork | Network, images: ArrayLike, *, temperature: float | None = 1.0
) -> NDArray[np.float32]:
    """The probability of each class for some images.

    Args:
        run: a run, a fork, a saved run or a network.
        images: (n, side, side) or (n, side * side) of the network's side: whole numbers from 0,
            background, to 255, ink; or floats from 0 to 1, which are rounded to 256 levels.
        temperature: what the logits are divided by, such as that of a saved run, which
            `digit-tui calibrate` fitted; None is 1.

    Returns:
        (n, classes) float32, each row sums to 1: the softmax of the logits.

    Raises:
        ValueError: if the images are of another shape, or out of range, or the temperature is not
            a number above 0.
    """
    if temperature is None:
        temperature = 1.0
    number = isinstance(temperature, Real) and not isinstance(temperature, bool)
    if not number or not 0 < temperature < inf:
        raise ValueError(f"temperature: {temperature!r} is not a number above 0")
    network = run if isinstance(run, Network) else run.network
    pixels = as_pixels(images, network.sizes[0])
    found: NDArray[Any] = evaluate(network, pixels, np.zeros(len(pixels), np.uint8)).probabilities
    if temperature != 1:
        found = calibrated(found, temperature).astype(np.float32)
    return found


def predict(run: HasNetwork | Network, images: ArrayLike) -> NDArray[np.intp]:
    """The most probable class of some images.

    Args:
        run: a run, a fork, a saved run or a network.
        images: see `predict_proba`.

    Returns:
        (n,) the classes.

    Raises:
        ValueError: if the images are of another shape, or out of range.
    """
    classes: NDArray[np.intp] = predict_proba(run, images).argmax(axis=1)
    return classes
