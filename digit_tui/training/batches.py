"""From images to batches: shuffle and deform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Dataset
from digit_tui.training.member import BLOCK, ImageBlock
from digit_tui.training.streams import stream

Array = NDArray[Any]


class Piece(NamedTuple):
    """Neighbours in a batch that are neighbours in a block of images."""

    at: int
    """Which of the batch's images is the first."""
    row: int
    """Where it is in the block."""
    images: int
    """How many."""


class Batches:
    """The training images of a run in the order of each epoch, one block at a time.

    The image at a position of an epoch depends on seed, epoch, position and augmentation alone:
    not on the batch size, nor on what was asked for before.

    Attributes:
        block: the images at hand.
    """

    def __init__(
        self,
        dataset: Dataset,
        seed: int,
        block: ImageBlock,
        deform: Callable[[int, str, int, int], None],
    ) -> None:
        """Begin.

        Args:
            dataset: the images.
            seed: the run's.
            block: room for them.
            deform: turns `block.originals` into `block.images`, see Member.deform.
        """
        self.block = block
        self._dataset = dataset
        self._seed = seed
        self._deform = deform
        self._epoch = -1
        self._order: Array = np.empty(0, np.intp)
        self._key: tuple[int, int, str] | None = None

    def pieces(self, epoch: int, start: int, count: int, augment: str) -> Iterator[Piece]:
        """The batch of the images at positions start, start + 1, ... of an epoch.

        Each piece is in the block until the next one is asked for.

        Args:
            epoch: counts from 0.
            start: position of the first image.
            count: how many images.
            augment: how they are deformed, a key of AUGMENTATIONS.
        """
        at = 0
        while at < count:
            number, row = divmod(start + at, BLOCK)
            self._prepare(epoch, number, augment)
            piece = Piece(at, row, min(count - at, BLOCK - row))
            yield piece
            at += piece.images

    def _prepare(self, epoch: int, number: int, augment: str) -> None:
        """Have one block of an epoch at hand."""
        key = (epoch, number, augment)
        if key == self._key:
            return
        dataset, block = self._dataset, self.block
        if epoch != self._epoch:
            self._order = stream(self._seed, "shuffle", epoch).permutation(
                len(dataset.train_labels)
            )
            self._epoch = epoch
        chosen = self._order[number * BLOCK : (number + 1) * BLOCK]
        count = len(chosen)
        self._key = None  # what is begun here may be interrupted
        deformed = augment != "none"
        images = block.originals if deformed else block.images
        # Without the clipping, which never happens, `take` would make a copy.
        np.take(dataset.train_images, chosen, axis=0, out=images[:count], mode="clip")
        np.take(dataset.train_labels, chosen, out=block.labels[:count], mode="clip")
        if deformed:
            self._deform(count, augment, epoch, number)
        self._key = key
