"""A dataset in memory, ready to train on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels for training and for testing, one square side for all."""

    name: str
    """`sample`, `mnist`, `mine`, or the name of the folder."""
    source: str
    """The folder that the files came from, safe to print."""
    train_images: NDArray[np.uint8]
    """(n, side * side) uint8, 0 background to 255 ink, read-only."""
    train_labels: NDArray[np.uint8]
    """(n,) uint8, 0..classes - 1, read-only."""
    test_images: NDArray[np.uint8]
    """(m, side * side) uint8, as `train_images`."""
    test_labels: NDArray[np.uint8]
    """(m,) uint8, 0..classes - 1, read-only."""
    side: int
    """Side of the images in pixels, after resampling."""
    classes: int
    """The largest training label plus one: 2..47."""
    validation_images: NDArray[np.uint8] | None = None
    """(v, side * side) uint8, held out of the training images, or None."""
    validation_labels: NDArray[np.uint8] | None = None
    """(v,) uint8, the labels of `validation_images`, or None."""
    class_names: tuple[str, ...] = ()
    """Of the folders that the classes are, where these are no numbers; safe to print."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was made: one line each, safe to print."""

    def __repr__(self) -> str:
        """Such as <Dataset sample: 4,000 training and 1,000 test images of 28x28 pixels, ...>."""
        held = (
            "" if self.validation_labels is None else f", {len(self.validation_labels):,} held-out"
        )
        counts = (
            f"{len(self.train_labels):,} training{held} and {len(self.test_labels):,} test images"
        )
        size = f"{self.side}x{self.side} pixels"
        return f"<Dataset {self.name}: {counts} of {size}, {self.classes} classes>"

    @property
    def pixels(self) -> int:
        """Pixels in one image: the width of the network's input."""
        return self.side * self.side

    @property
    def monitored_split(self) -> str:
        """The split to monitor training on: validation, if images are held out, else test."""
        return "test" if self.validation_labels is None else "validation"

    def split(self, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Images (n, side * side) and labels (n,) of a split: `test` or `validation`."""
        if name == "test":
            return self.test_images, self.test_labels
        assert self.validation_images is not None
        assert self.validation_labels is not None
        return self.validation_images, self.validation_labels

    def summary(self) -> dict[str, str | int]:
        """The values that identify the dataset, for run.json."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "training_images": len(self.train_labels),
            "validation_images": 0 if (held := self.validation_labels) is None else len(held),
            "test_images": len(self.test_labels),
            "classes": self.classes,
            "side": self.side,
        }

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the shapes and bytes of all arrays, as loaded at this side."""
        digest = hashlib.sha256()
        arrays = [self.train_images, self.train_labels, self.test_images, self.test_labels]
        if self.validation_images is not None and self.validation_labels is not None:
            arrays += [self.validation_images, self.validation_labels]
        for array in arrays:
            digest.update(f"{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
