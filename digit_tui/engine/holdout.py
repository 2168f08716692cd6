"""A held-out set of training images, to steer a run by without looking at the test set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import DataError, Dataset, counted
from digit_tui.data.mapping import new_array
from digit_tui.run.random_streams import stream


def hold_out(dataset: Dataset, count: int) -> Dataset:
    """Split off some training images as the validation set.

    Which ones depends on the dataset and the count alone, not on a run's seed: runs that hold out
    the same number can be compared image by image.

    Raises:
        DataError: if nothing would be left to train on.
    """
    if not count:
        return dataset
    images = len(dataset.train_labels)
    if count >= images:
        there = counted(images, "training image")
        raise DataError(f"--validation {count}: {dataset.source} has {there}; hold out fewer")
    order = stream(0, "validation").permutation(images)
    held, kept = np.sort(order[:count]), np.sort(order[count:])

    def rows(array: NDArray[np.uint8], chosen: NDArray[np.intp]) -> NDArray[np.uint8]:
        taken = new_array((len(chosen), *array.shape[1:]))
        np.take(array, chosen, axis=0, out=taken, mode="clip")  # else it would copy once more
        taken.flags.writeable = False
        return taken

    return replace(
        dataset,
        train_images=rows(dataset.train_images, kept),
        train_labels=rows(dataset.train_labels, kept),
        validation_images=rows(dataset.train_images, held),
        validation_labels=rows(dataset.train_labels, held),
    )
