"""From the pixels of a batch to the numbers that the first layer's weights are multiplied by.

A pixel that no image of the batch inks adds nothing to a product, and its weights have no gradient.
Of MNIST's pixels that is a third for a batch of 128: they are left out, with their weights. So a
weight that is not finite shows when its pixel is inked.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digit_tui.nn.network import WHITE, Allocate, scale_pixels

Array = NDArray[Any]

MOST_INKED = 0.8
"""If a larger share of the inputs is inked, to leave out the others takes longer than to multiply
them (measured from 784-128-10 to 784-512-256-10)."""


class Kept(NamedTuple):
    """Which of a shard's rows of the first layer are used, when some are left out."""

    rows: Array
    """(k,) ascending."""
    places: Array
    """(rows,) where each row is among these, or k if it is left out."""


class Inputs(NamedTuple):
    """A shard's inputs of one batch."""

    values: Array
    """(n, k) from 0 to 1."""
    kept: Kept | None = None
    """Which rows of the first layer they are multiplied by, None if by all of the shard's."""


class InputBuffer:
    """Makes a shard's inputs, batch by batch, in buffers that are made once."""

    def __init__(
        self,
        own: slice,
        pixels: int,
        batch_size: int,
        dtype: DTypeLike,
        allocate: Allocate = np.zeros,
    ) -> None:
        """Make the buffers.

        Args:
            own: which rows of the first layer are the shard's. There is one for each pixel, and
                after these one for the input that is always 1.
            pixels: of an image.
            batch_size: the largest batch.
            dtype: of the inputs.
            allocate: makes the buffer of the inputs.
        """
        rows = own.stop - own.start
        self.pixels = slice(min(own.start, pixels), min(own.stop, pixels))
        """Which pixels of an image are the shard's."""
        self._flat = allocate((batch_size * rows,), dtype)
        self._whole = self._flat.reshape(batch_size, rows)
        # Of all images together; the last one, of the input that is always 1, stays as it is.
        self._ink = np.full(rows, WHITE, np.uint8)
        self._places = np.empty(rows, np.intp)
        self._numbers = np.arange(rows)

    def load(self, pixels: Array, at: int) -> None:
        """Load some images of a batch, all pixels of them.

        Args:
            pixels: (n, the shard's pixels) uint8.
            at: which image of the batch the first one is.
        """
        inputs, width = self._whole[at : at + len(pixels)], pixels.shape[1]
        inputs[:, :width] = pixels
        inputs[:, width:] = WHITE
        scale_pixels(inputs, inputs)

    def loaded(self, images: int) -> Inputs:
        """All inputs of the first `images` images, which must have been loaded."""
        return Inputs(self._whole[:images])

    def without_blanks(self, pixels: Array) -> Inputs:
        """The inputs of a batch, without pixels that are blank in all its images if they are many.

        Args:
            pixels: (n, the shard's pixels) uint8.

        Returns:
            Views of the buffers, valid until the next batch.
        """
        images, width = pixels.shape
        np.bitwise_or.reduce(pixels, axis=0, out=self._ink[:width])
        rows = self._ink.nonzero()[0]
        count, ones = len(rows), len(self._ink) - width
        if count > MOST_INKED * len(self._ink):
            self.load(pixels, 0)
            return self.loaded(images)
        values = self._flat[: count * images].reshape(count, images)  # pixel by pixel
        values[: count - ones] = pixels.T[rows[: count - ones]]
        values[count - ones :] = WHITE
        self._places.fill(count)
        self._places[rows] = self._numbers[:count]
        return Inputs(scale_pixels(values, values).T, Kept(rows, self._places))
