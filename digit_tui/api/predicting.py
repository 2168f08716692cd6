"""What a network makes of images."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digit_tui.api.digits import as_pixels
from digit_tui.nn import Network, evaluate


class HasNetwork(Protocol):
    """A run, its fork, or a saved run."""

    @property
    def network(self) -> Network:
        """What predicts."""


def predict_proba(run: HasNetwork | Network, images: ArrayLike) -> NDArray[np.float32]:
    """The probability of each class for some images.

    Args:
        run: a run, a fork, a saved run or a network.
        images: (n, side, side) or (n, side * side) of the network's side: whole numbers from 0,
            background, to 255, ink; or floats from 0 to 1, which are rounded to 256 levels.

    Returns:
        (n, classes) float32, each row sums to 1: the softmax of the logits, at temperature 1.

    Raises:
        ValueError: if the images are of another shape, or out of range.
    """
    network = run if isinstance(run, Network) else run.network
    pixels = as_pixels(images, network.sizes[0])
    found: NDArray[Any] = evaluate(network, pixels, np.zeros(len(pixels), np.uint8)).probabilities
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
