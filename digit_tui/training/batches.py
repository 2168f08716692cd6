"""From pixels to batches: shuffle, deform, scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Dataset
from digit_tui.nn import deform, draw_deformation, scale_pixels
from digit_tui.training.streams import stream

Array = NDArray[Any]

BLOCK = 4_096
"""Images that are gathered and deformed together."""


class Batches:
    """The training images of a run in the order of each epoch.

    The image at a position of an epoch depends on seed, epoch, position and augmentation alone:
    not on the batch size, nor on what was asked for before.
    """

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self._dataset = dataset
        self._seed = seed
        self._epoch = -1
        self._order: Array = np.empty(0, np.intp)
        self._key: tuple[int, int, str] | None = None
        self._images: Array = np.empty(0)
        self._labels: Array = np.empty(0)

    def fill(self, inputs: Array, labels: Array, epoch: int, start: int, augment: str) -> None:
        """Write the images at positions start, start + 1, ... of an epoch.

        Args:
            inputs: (n, pixels) float, gets the pixels, from 0 to 1.
            labels: (n,) gets the true classes.
            epoch: counts from 0.
            start: position of the first image.
            augment: how they are deformed, a key of AUGMENTATIONS.
        """
        filled = 0
        while filled < len(inputs):
            number, offset = divmod(start + filled, BLOCK)
            self._prepare(epoch, number, augment)
            images = self._images[offset : offset + len(inputs) - filled]
            rows = slice(filled, filled + len(images))
            scale_pixels(images, inputs[rows])
            labels[rows] = self._labels[offset : offset + len(images)]
            filled += len(images)

    def _prepare(self, epoch: int, number: int, augment: str) -> None:
        """Have one block of an epoch at hand."""
        key = (epoch, number, augment)
        if key == self._key:
            return
        dataset = self._dataset
        if epoch != self._epoch:
            self._order = stream(self._seed, "shuffle", epoch).permutation(
                len(dataset.train_labels)
            )
            self._epoch = epoch
        chosen = self._order[number * BLOCK : (number + 1) * BLOCK]
        self._images = dataset.train_images[chosen]
        self._labels = dataset.train_labels[chosen]
        generator = stream(self._seed, "augment", epoch, number)
        deformation = draw_deformation(augment, generator, dataset.side)
        if deformation is not None:
            self._images = deform(self._images, deformation)
        self._key = key
