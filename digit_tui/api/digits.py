"""Digits in: datasets by name, datasets from arrays, and images in the forms that people have."""

from __future__ import annotations

from math import isqrt
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digit_tui.config import LIMITS, ConfigError, absolute_data
from digit_tui.data import DataError, Dataset, load_dataset
from digit_tui.nn.network import WHITE

ARRAYS = "arrays"
"""The name of a dataset that was made from arrays."""
MAX_CLASSES = 256
"""Labels are uint8."""


def load_digits(data: str | PathLike[str] = "auto", side: int = 28) -> Dataset:
    """Read a dataset of digits, split into training and test images.

    Args:
        data: as `--data`: "sample", which ships with the program; "mnist", once it was downloaded
            with `digit-tui data fetch`; "mine", your own drawings; "auto", which is MNIST if it is
            there, else the sample; or a folder of the four IDX files or of pictures.
        side: of the images in pixels; images of another size are resampled by area.

    Returns:
        Images (n, side * side) and labels (n,), uint8 and read-only: `train_images`,
        `train_labels`, `test_images`, `test_labels`.

    Raises:
        ConfigError: if the data are no name or folder, or the side is out of range.
        DataError: if files are missing, damaged or do not fit each other.
    """
    low, high = LIMITS["side"]
    if isinstance(side, bool) or not isinstance(side, int) or not low <= side <= high:
        raise ConfigError("side", f"{side!r} is not a whole number of pixels from {low} to {high}")
    return load_dataset(data_name(data), side)


def data_name(data: object) -> str:
    """The name of a dataset, or its folder in full.

    Raises:
        ConfigError: if it is neither.
    """
    if isinstance(data, (str, PathLike)):
        return absolute_data(fspath(data))
    raise ConfigError(
        "data",
        f"data: {type(data).__name__} is no name, folder or Dataset: a Dataset of arrays is made "
        "by digits_from_arrays(train_images, train_labels, test_images, test_labels)",
    )


def digits_from_arrays(
    train_images: ArrayLike,
    train_labels: ArrayLike,
    test_images: ArrayLike,
    test_labels: ArrayLike,
) -> Dataset:
    """A dataset of images of your own, for `Run(data=...)`.

    Args:
        train_images: (n, side, side) or (n, side * side), see `as_pixels`.
        train_labels: (n,) whole numbers from 0.
        test_images: (m, ...) of the same side.
        test_labels: (m,) of the same classes.

    Raises:
        DataError: if they do not fit each other.
        ValueError: if they are no images.
    """
    shape = np.shape(train_images)
    side = shape[-1] if len(shape) == 3 else isqrt(shape[-1] if shape else 0)
    images = [as_pixels(each, side * side) for each in (train_images, test_images)]
    labels = [_as_labels(each) for each in (train_labels, test_labels)]
    for what, some, names in zip(("training", "test"), images, labels, strict=True):
        if len(some) != len(names):
            raise DataError(f"{len(some):,} {what} images, but {len(names):,} labels")
        if not len(some):
            raise DataError(f"there are no {what} images")
    classes = int(labels[0].max()) + 1
    if classes < 2:
        raise DataError("all training labels are 0; give at least two classes")
    if labels[1].max() >= classes:
        known = f"training has none above {classes - 1}"
        raise DataError(f"there is a test label {labels[1].max()}, {known}")
    low, high = LIMITS["side"]
    if not low <= side <= high:
        raise DataError(f"a side of {side} pixels is not {low} to {high}")
    return Dataset(
        name=ARRAYS,
        source="arrays in memory",
        train_images=_frozen(images[0]),
        train_labels=_frozen(labels[0]),
        test_images=_frozen(images[1]),
        test_labels=_frozen(labels[1]),
        side=side,
        classes=classes,
    )


def _as_labels(labels: ArrayLike) -> NDArray[np.uint8]:
    given = np.asarray(labels)
    whole = given.ndim == 1 and (given.dtype.kind in "iu" or not len(given))
    if not whole or (len(given) and not (given.min() >= 0 and given.max() < MAX_CLASSES)):
        raise DataError(f"labels are one whole number an image, from 0 to {MAX_CLASSES - 1}")
    return given.astype(np.uint8)


def _frozen(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if array.flags.writeable:
        array = array.copy()  # the caller's own may change
        array.flags.writeable = False
    return array


def as_pixels(images: ArrayLike, pixels: int) -> NDArray[np.uint8]:
    """Images as a network takes them.

    Args:
        images: (n, side, side) or (n, side * side), any array-like: whole numbers from 0,
            background, to 255, ink; or floats from 0 to 1, which are rounded to 256 levels.
        pixels: of an image, side * side.

    Returns:
        (n, pixels) uint8; the array itself where it is that already.

    Raises:
        ValueError: if they are anything else.
    """
    given: NDArray[Any] = np.asarray(images)
    if _are_paths(given):
        advice = "give the pixels as an array; `digit-tui predict` reads picture files"
        raise ValueError(f"images: {str(given.flat[0])!r} is the name of a file: {advice}")
    side = isqrt(pixels)
    wanted = f"(n, {pixels}) or (n, {side}, {side})"
    if given.shape == (side, side) and side != pixels:
        raise ValueError(f"one image of shape {given.shape}: give images, {wanted}: image[None]")
    if given.shape[1:] not in ((pixels,), (side, side)):
        raise ValueError(f"images of shape {given.shape}, where {wanted} is needed")
    flat: NDArray[Any] = given.reshape(len(given), pixels)
    if given.dtype == np.uint8:
        return flat
    if given.dtype.kind in "iu":
        if flat.size and (flat.min() < 0 or flat.max() > WHITE):
            found = f"{flat.min()} to {flat.max()}"
            raise ValueError(f"pixels from {found}: whole numbers must be from 0 to {WHITE}")
        return flat.astype(np.uint8)
    if given.dtype.kind != "f":
        raise ValueError(f"pixels of type {given.dtype}: give whole numbers or floats")
    if flat.size and not (flat.min() >= 0 and flat.max() <= 1):  # NaN neither
        found = f"{flat.min():g} to {flat.max():g}"
        advice = f"divide by {WHITE}, or give whole numbers"
        raise ValueError(f"pixels from {found}: floats must be from 0 to 1; {advice}")
    rounded: NDArray[np.uint8] = np.rint(flat * WHITE).astype(np.uint8)
    return rounded


def _are_paths(given: NDArray[Any]) -> bool:
    return given.ndim < 2 and given.size > 0 and isinstance(given.flat[0], (str, bytes, PathLike))
