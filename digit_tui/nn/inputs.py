"""From the pixels of a batch to the numbers that the first layer's weights are multiplied by.

A pixel that no image of the batch inks adds nothing to a product, and its weights have no gradient.
Of MNIST's pixels that is a third for a batch of 128: they are left out, with their weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digit_tui.nn.network import WHITE, scale_pixels

Array = NDArray[Any]

MOST_INKED = 0.8
"""If more of the pixels are inked, to leave out the others takes longer than to multiply them
(measured from 784-128-10 to 784-512-256-10)."""


class Inputs(NamedTuple):
    """A part's inputs of one batch."""

    values: Array
    """(n, k) from 0 to 1."""
    rows: Array | None = None
    """(k,) which of the part's rows of the first layer they are multiplied by; None: by all."""
    places: Array | None = None
    """(rows,) where each row is among these, or k if it has been left out."""


class InputRoom:
    """Makes a part's inputs, batch by batch, in buffers that are made once."""

    def __init__(self, own: slice, pixels: int, batch_size: int, dtype: DTypeLike) -> None:
        """Make the buffers.

        Args:
            own: which rows of the first layer are the part's: of pixels, and of what is always 1
                the one after them.
            pixels: of an image.
            batch_size: the largest batch.
            dtype: of the inputs.
        """
        count = own.stop - own.start
        self.pixels = slice(own.start, min(own.stop, pixels))
        """Which pixels of an image are the part's."""
        self._count = self.pixels.stop - self.pixels.start
        self._all = np.empty((batch_size, count), dtype)
        self._inked = np.empty((count, batch_size), dtype)  # pixel by pixel
        self._ink = np.full(count, WHITE, np.uint8)
        self._places = np.empty(count, np.intp)
        self._numbers = np.arange(count)

    def load(self, pixels: Array, at: int) -> None:
        """Load some images of a batch, all pixels of them.

        Args:
            pixels: (n, the part's pixels) uint8.
            at: which image of the batch the first one is.
        """
        inputs = self._all[at : at + len(pixels)]
        inputs[:, : self._count] = pixels
        inputs[:, self._count :] = WHITE
        scale_pixels(inputs, inputs)

    def loaded(self, images: int) -> Inputs:
        """The inputs of so many images that have been loaded."""
        return Inputs(self._all[:images])

    def inked(self, pixels: Array) -> Inputs:
        """The inputs of a batch, but for the pixels that are blank in all its images.

        Args:
            pixels: (n, the part's pixels) uint8.
        """
        images, own = pixels.shape
        np.bitwise_or.reduce(pixels, axis=0, out=self._ink[:own])
        rows = self._ink.nonzero()[0]
        count = len(rows)
        if count > MOST_INKED * len(self._ink):
            self.load(pixels, 0)
            return self.loaded(images)
        values = self._inked[:count, :images]
        inked = count - (len(self._ink) - own)  # the one after them is always 1
        values[:inked] = pixels.T[rows[:inked]]
        values[inked:] = WHITE
        places = self._places
        places.fill(count)
        places[rows] = self._numbers[:count]
        return Inputs(scale_pixels(values, values).T, rows, places)
