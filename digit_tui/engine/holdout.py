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
    return _split(dataset, order[:count], order[count:])


PARTS = 5
"""Into how many parts the training set is cut; one is held out of each fold."""


def fold(dataset: Dataset, number: int) -> Dataset:
    """Split off one of `PARTS` parts of the training images as the validation set.

    Args:
        dataset: nothing of it is held out yet.
        number: of the part, from 0. All parts together are the training set.

    Raises:
        DataError: if a part would have no image.
    """
    images = len(dataset.train_labels)
    if images < PARTS:
        there = counted(images, "training image")
        raise DataError(f"{dataset.source} has {there}: too few for {PARTS} folds")
    order = stream(0, "validation").permutation(images)
    start, end = (images * each // PARTS for each in (number, number + 1))
    return _split(dataset, order[start:end], np.concatenate([order[:start], order[end:]]))


def _split(dataset: Dataset, held_out: NDArray[np.intp], others: NDArray[np.intp]) -> Dataset:
    """The dataset with a validation set of these indices, in the order of the training set."""
    held, kept = np.sort(held_out), np.sort(others)

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
