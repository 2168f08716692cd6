"""Drawings that a network is taught, as one file whose name is its sum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.drawing import MNIST_SIDE
from digit_tui.data.errors import DataError
from digit_tui.data.idx import MAX_LABEL

FEWEST_DRAWINGS = 5
"""Fewer are too few to say whether it helped."""
MOST_DRAWINGS = 10_000
"""Eight megabytes: a run's folder keeps them."""

HEAD = b"digit-tui drawings 1\n"
"""The file begins with it. Their number (4 bytes, big-endian), labels and pixels follow."""
_NUMBER = 4
_PIXELS = MNIST_SIDE * MNIST_SIDE
LARGEST = len(HEAD) + _NUMBER + MOST_DRAWINGS * (1 + _PIXELS)
"""Bytes of a file."""


@dataclass(frozen=True, eq=False)
class Drawings:
    """A person's drawings with their labels."""

    images: NDArray[np.uint8]
    """(n, 28, 28) uint8, 0 background to 255 ink."""
    labels: NDArray[np.uint8]
    """(n,) uint8"""

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.images.shape != (count, MNIST_SIDE, MNIST_SIDE):
            raise DataError(f"{count} labels, but the shape of the drawings is {self.images.shape}")
        if not FEWEST_DRAWINGS <= count <= MOST_DRAWINGS:
            raise DataError(
                f"{FEWEST_DRAWINGS} to {MOST_DRAWINGS:,} drawings can be taught, not {count:,}"
            )
        if self.labels.max() > MAX_LABEL:
            raise DataError(f"a drawing has the label {self.labels.max()}, above {MAX_LABEL}")

    def __len__(self) -> int:
        return len(self.labels)

    def to_bytes(self) -> bytes:
        """The content of the file: equal drawings give equal bytes."""
        number = len(self).to_bytes(_NUMBER, "big")
        return HEAD + number + self.labels.tobytes() + self.images.tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Drawings:
        """The inverse of `to_bytes`.

        Raises:
            DataError: if it is none of such files.
        """
        head, rest = content[: len(HEAD)], content[len(HEAD) + _NUMBER :]
        count = int.from_bytes(content[len(HEAD) : len(HEAD) + _NUMBER], "big")
        if head != HEAD or len(rest) != count * (1 + _PIXELS):
            raise DataError("it is no file of drawings")
        values = np.frombuffer(rest, np.uint8)
        images = values[count:].reshape(count, MNIST_SIDE, MNIST_SIDE)
        return cls(images, values[:count])

    def unknown_to(self, classes: int) -> list[tuple[int, int]]:
        """Number and label of each drawing that a network which tells so many classes apart cannot
        be taught."""
        numbers = np.flatnonzero(self.labels >= classes).tolist()
        return [(number, int(self.labels[number])) for number in numbers]

    def known_to(self, classes: int) -> Drawings:
        """The others.

        Raises:
            DataError: if they are too few.
        """
        known = self.labels < classes
        if known.sum() < FEWEST_DRAWINGS:
            raise DataError(
                f"the network knows 0 to {classes - 1}: {known.sum()} of your {len(self)} drawings "
                f"are such, {FEWEST_DRAWINGS} are needed"
            )
        return Drawings(self.images[known], self.labels[known])

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the file."""
        return hashlib.sha256(self.to_bytes()).hexdigest()
