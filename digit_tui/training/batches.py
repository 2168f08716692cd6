"""From images to batches: shuffle and deform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Dataset
from digit_tui.nn import deform
from digit_tui.training.member import BLOCK, deformation_of
from digit_tui.training.streams import stream

Array = NDArray[Any]


class Batches:
    """The training images of a run in the order of each epoch.

    The image at a position of an epoch depends on seed, epoch, position and augmentation alone:
    not on the batch size, nor on what was asked for before.
    """

    def __init__(
        self,
        dataset: Dataset,
        seed: int,
        deformed: Callable[[Array, str, int, int], Array] | None = None,
    ) -> None:
        """Begin.

        Args:
            dataset: the images.
            seed: the run's.
            deformed: does the deforming, for instance by a team: called with up to BLOCK images
                (n, pixels) uint8, the augmentation, the epoch and the block, it returns the like,
                which may be overwritten by the next call.
        """
        self._dataset = dataset
        self._seed = seed
        self._deformed = deformed or self._deform_alone
        self._epoch = -1
        self._order: Array = np.empty(0, np.intp)
        self._key: tuple[int, int, str] | None = None
        self._images: Array = np.empty(0)
        self._labels: Array = np.empty(0)

    def fill(self, pixels: Array, labels: Array, epoch: int, start: int, augment: str) -> None:
        """Write the images at positions start, start + 1, ... of an epoch.

        Args:
            pixels: (n, pixels) uint8, gets the images.
            labels: (n,) gets the true classes.
            epoch: counts from 0.
            start: position of the first image.
            augment: how they are deformed, a key of AUGMENTATIONS.
        """
        filled = 0
        while filled < len(pixels):
            number, offset = divmod(start + filled, BLOCK)
            self._prepare(epoch, number, augment)
            images = self._images[offset : offset + len(pixels) - filled]
            rows = slice(filled, filled + len(images))
            pixels[rows] = images
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
        self._images = np.take(dataset.train_images, chosen, axis=0)
        self._labels = dataset.train_labels[chosen]
        if augment != "none":
            self._images = self._deformed(self._images, augment, epoch, number)
        self._key = key

    def _deform_alone(self, images: Array, augment: str, epoch: int, block: int) -> Array:
        side = self._dataset.side
        return deform(images, deformation_of(self._seed, augment, epoch, block, side))
