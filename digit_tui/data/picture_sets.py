"""Reads folders of pictures, and keeps what it read as IDX files in the user's cache."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.drawing import MNIST_SIDE
from digit_tui.data.errors import DataError
from digit_tui.data.idx import read_images, read_labels, write_plain_idx
from digit_tui.data.mapping import new_array
from digit_tui.data.normalise import normalise_digit
from digit_tui.data.paper import ink_on_paper
from digit_tui.data.picture_files import read_levels
from digit_tui.data.picture_folder import FoundPictures, PictureFolder, find_pictures
from digit_tui.data.text import printable

FORMAT = 2
"""To be raised when pictures are read or normalised in another way: the cache is made anew."""
DARK = 128
"""A border whose median is below is dark."""
SPLIT_SEED = 0
TEST_SHARE = 5
"""One of so many pictures of each class is split off as a test picture."""

_FILES = ("train-images", "train-labels", "test-images", "test-labels")
_STALE_SECONDS = 3600.0
"""What a process that was killed left behind is removed by another one after so long."""

Progress = Callable[[int, int], object]
"""Takes the number of pictures read, and of all that are to be read."""


class Arrays(NamedTuple):
    """The arrays of a dataset: images (n, 28, 28) uint8 and labels (n,) uint8."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def read_digit(path: Path) -> NDArray[np.uint8]:
    """A picture of one digit as (28, 28) uint8, 0 background to 255 ink, normalised as MNIST's.

    A picture of 28x28 pixels, light on dark, is taken for one that is normalised already: its
    shades are returned as they are. Raises DataError if the file is no picture.
    """
    levels = read_levels(path)
    if levels.shape == (MNIST_SIDE, MNIST_SIDE) and np.median(_border(levels)) < DARK:
        return levels
    return normalise_digit(ink_on_paper(levels)).image


def _border(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([levels[0], levels[-1], levels[1:-1, 0], levels[1:-1, -1]])


def read_picture_set(
    source: PictureFolder, cache: Path, progress: Progress | None = None
) -> tuple[Arrays, tuple[str, ...], tuple[str, ...]]:
    """The arrays of a folder of pictures, lines about how they were made of it, and the names of
    its classes where these are no numbers.

    Args:
        source: the folder.
        cache: a folder; what was read is kept below it. It is not needed: a full disk does not
            matter.
        progress: called as pictures are read, if they are not in the cache.

    Raises DataError, naming the file, if one cannot be read or does not belong there.
    """
    found = find_pictures(source)
    place = hashlib.sha256(os.fsencode(source.folder.resolve())).hexdigest()[:16]
    kept = cache / place / f"{FORMAT}-{found.sum}"
    arrays = _read_cache(kept)
    if arrays is None:
        arrays = _read_all(found, progress)
        with suppress(OSError):
            _write_cache(kept, arrays)
            arrays = _read_cache(kept) or arrays  # mapped, not in memory
    names = () if found.numbered else tuple(map(printable, found.classes))
    return arrays, _notes(source, found, arrays), names


def _notes(source: PictureFolder, found: FoundPictures, arrays: Arrays) -> tuple[str, ...]:
    notes = []
    if source.test is None:
        parts = f"{len(arrays.train_labels):,} to train on, {len(arrays.test_labels):,} to test"
        rule = f"one of {TEST_SHARE} pictures of each class is a test picture, by seed {SPLIT_SEED}"
        notes.append(f"{source.name}: {rule}: {parts}")
    if not found.numbered:
        labels = ", ".join(f"{label} is {name}" for label, name in enumerate(found.classes))
        notes.append(f"{source.name}: labels are folders in the order of their names: {labels}")
    for half, names in found.without_pictures:
        where = source.name if source.test is None else f"{source.name}: {half}"
        told = _spans([int(name) for name in names]) if found.numbered else names
        notes.append(f"{where}: no pictures of {', '.join(told)}")
    return tuple(map(printable, notes))


def _spans(labels: list[int]) -> list[str]:
    """Labels in words: such as "1", "5 to 12", "14"."""
    # Of labels that follow each other the difference to their place is the same.
    groups = groupby(enumerate(labels), lambda pair: pair[1] - pair[0])
    rows = [[label for _, label in group] for _, group in groups]
    return [f"{row[0]} to {row[-1]}" if row[1:] else f"{row[0]}" for row in rows]


def _read_all(found: FoundPictures, progress: Progress | None) -> Arrays:
    count = len(found.train) + len(found.test)
    images = new_array((count, MNIST_SIDE, MNIST_SIDE))
    pictures = [*found.train, *found.test]
    for place, picture in enumerate(pictures):
        images[place] = _read_inked(picture.path)
        if progress is not None:
            progress(place + 1, count)
    labels = np.array([picture.label for picture in pictures], np.uint8)
    if found.test:
        tested = np.arange(count) >= len(found.train)
    else:
        tested = split(images, labels)
        if not tested.any():
            folder = found.train[0].path.parents[1]
            reason = "no class has two different pictures, so none can be split off to test with"
            raise DataError(printable(f"{folder}: {reason}; add some"))
    return Arrays(images[~tested], labels[~tested], images[tested], labels[tested])


def _read_inked(path: Path) -> NDArray[np.uint8]:
    try:
        image = read_digit(path)
        if not image.any():
            raise DataError(printable(f"{path}: no ink is found in it; give a picture of a digit"))
    except DataError as error:
        raise DataError(f"{error}, or take it out of the folder") from error
    return image


def split(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of the images (n, 28, 28) are test images: (n,) bool, a part of each class.

    Equal images are on the same side: else the test set would hold what is trained on. What is
    chosen depends on nothing but the images, labels and their order.
    """
    places: dict[bytes, int] = {}
    same = [places.setdefault(image.tobytes(), place) for place, image in enumerate(images)]
    first = np.array([*places.values()])  # of all images that are equal
    tested = np.zeros(len(images), np.bool_)
    for label in np.unique(labels[first]):
        own = first[labels[first] == label]
        count = max(round(len(own) / TEST_SHARE), 1) if len(own) > 1 else 0
        random = np.random.default_rng([SPLIT_SEED, int(label)])
        tested[random.permutation(own)[:count]] = True
    return tested[same]


def _read_cache(kept: Path) -> Arrays | None:
    """What is kept there; None if it is not there, or damaged."""
    try:
        files = [kept / name for name in _FILES]
        train = read_images(files[0]), read_labels(files[1])
        arrays = Arrays(*train, read_images(files[2]), read_labels(files[3]))
    except DataError:
        return None
    sides = {images.shape[1:] for images in (arrays.train_images, arrays.test_images)}
    fits = [len(arrays[0]) == len(arrays[1]), len(arrays[2]) == len(arrays[3])]
    return arrays if all(fits) and sides == {(MNIST_SIDE, MNIST_SIDE)} else None


def _write_cache(kept: Path, arrays: Arrays) -> None:
    """Keep the arrays, by one rename, in place of what was kept of the same folder before."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_name(f".{kept.name}-{secrets.token_hex(4)}")
    try:
        temporary.mkdir()
        for name, array in zip(_FILES, arrays, strict=True):
            write_plain_idx(temporary / name, array)
        if _read_cache(kept) is None:  # else another process was quicker
            shutil.rmtree(kept, ignore_errors=True)
            temporary.rename(kept)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    for other in kept.parent.iterdir():
        unfinished = other.name.startswith(".")
        if other != kept and (not unfinished or _is_stale(other)):
            shutil.rmtree(other, ignore_errors=True)


def _is_stale(folder: Path) -> bool:
    with suppress(OSError):
        return time.time() - folder.stat().st_mtime > _STALE_SECONDS
    return False
