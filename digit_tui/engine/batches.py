"""From training images to batches: shuffle and deform."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Network, deform, draw_deformation, teacher_outputs
from digit_tui.run.random_streams import stream

Array = NDArray[Any]

BLOCK = 4_096
"""Images that are handled together: those at positions 0 to BLOCK - 1 of an epoch, and so on, are
deformed together; so many are evaluated at once; and of two branches each trains on a block before
it is the other's turn."""


class TrainingData(NamedTuple):
    """The images to learn from."""

    images: Array
    """(n, pixels) uint8"""
    labels: Array
    """(n,) uint8"""


TEACHER_BATCH = 512
"""Images that a worker asks a teacher about at once."""


class SharedTeacher(NamedTuple):
    """The networks that a run is distilled from, and what they say of images."""

    members: list[tuple[Network, float]]
    """Networks, and what the logits of each are divided by."""
    originals: Array
    """(n, classes) float32, probabilities for the training images as they are."""
    block: Array
    """(BLOCK, classes) float32, for the images of the block that was deformed last."""


class Batches:
    """The training images of a run in the order of each epoch.

    The image at a position of an epoch depends on seed, epoch, position and augmentation alone:
    not on the batch size, nor on earlier calls.
    """

    def __init__(
        self,
        data: TrainingData,
        seed: int,
        side: int,
        elastic: float,
        block: Array,
        teacher: SharedTeacher | None = None,
    ) -> None:
        """Begin.

        Args:
            data: in the order of the dataset.
            seed: the run's.
            side: of an image, in pixels.
            elastic: how far elastic deformation moves a point, in pixels.
            block: (BLOCK, pixels) uint8, for a block of deformed images.
            teacher: None if the run learns from the labels alone.
        """
        self._data = data
        self._seed = seed
        self._side = side
        self._elastic = elastic
        self._block = block
        self._teacher = teacher
        self._epoch = -1
        self._order: Array = np.empty(0, np.intp)

    def deform(self, epoch: int, number: int, augment: str, shard: int, shards: int) -> None:
        """Make a part of a block of deformed images.

        Args:
            epoch: counts from 0.
            number: which block of the epoch.
            augment: a key of AUGMENTATIONS, not "none".
            shard: which part, 0 to shards - 1.
            shards: how many parts there are.
        """
        generator = stream(self._seed, "augment", epoch, number)
        deformation = draw_deformation(augment, generator, self._side, self._elastic)
        assert deformation is not None
        chosen = self._chosen(epoch, number * BLOCK, BLOCK)
        deform(self._data.images, deformation, chosen, self._block[: len(chosen)], shard, shards)

    def deformed(self, start: int, count: int, own: slice) -> Array:
        """(count, pixels) uint8, some pixels of consecutive images in the block that was made last.

        Args:
            start: position in the epoch of the first image.
            count: how many images.
            own: which pixels of each.
        """
        row = start % BLOCK
        return self._block[row : row + count, own]

    def originals(self, epoch: int, start: int, count: int, own: slice) -> Array:
        """(count, pixels) uint8, some pixels of consecutive images of an epoch, not deformed.

        Args:
            epoch: counts from 0.
            start: position of the first image.
            count: how many images.
            own: which pixels of each.
        """
        taken: Array = self._data.images[:, own][self._chosen(epoch, start, count)]
        return taken

    def ask_teacher(self, deformed: bool, start: int, stop: int, shard: int, shards: int) -> None:
        """Compute the soft targets of some images: what the teacher says of them.

        They do not depend on the number of parts.

        Args:
            deformed: of the block that was made last; else of the training images as they are, in
                the order of the dataset.
            start: the first of these.
            stop: the one after the last.
            shard: which part, 0 to shards - 1.
            shards: how many parts there are.
        """
        assert self._teacher is not None
        images = self._block if deformed else self._data.images
        targets = self._teacher.block if deformed else self._teacher.originals
        for first in range(start + shard * TEACHER_BATCH, stop, shards * TEACHER_BATCH):
            rows = slice(first, min(first + TEACHER_BATCH, stop))
            teacher_outputs(self._teacher.members, images[rows], targets[rows])

    def deformed_targets(self, start: int, count: int) -> Array:
        """(count, classes) float32, the teacher's probabilities for images as `deformed` has them.

        Args:
            start: position in the epoch of the first image.
            count: how many images.
        """
        assert self._teacher is not None
        row = start % BLOCK
        return self._teacher.block[row : row + count]

    def original_targets(self, epoch: int, start: int, count: int) -> Array:
        """(count, classes) float32, likewise for images as `originals` has them."""
        assert self._teacher is not None
        return self._teacher.originals[self._chosen(epoch, start, count)]

    def labels(self, epoch: int, start: int, count: int) -> Array:
        """(count,) uint8 labels of consecutive images of an epoch."""
        return self._data.labels[self._chosen(epoch, start, count)]

    def _chosen(self, epoch: int, start: int, count: int) -> Array:
        """(count,) the dataset's indices of consecutive images of an epoch."""
        if epoch != self._epoch:
            images = len(self._data.labels)
            self._order = stream(self._seed, "shuffle", epoch).permutation(images)
            self._epoch = epoch
        return self._order[start : start + count]
