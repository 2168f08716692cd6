"""Reads a dataset from its source, checks that its files fit each other, and resamples it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.dataset import Dataset
from digit_tui.data.errors import DataError
from digit_tui.data.idx import read_images, read_labels
from digit_tui.data.own_digits import OwnDigits, read_own
from digit_tui.data.picture_folder import PictureFolder
from digit_tui.data.picture_sets import Arrays, Progress, read_picture_set
from digit_tui.data.resample import resample_area
from digit_tui.data.sources import (
    MINE,
    OwnSource,
    Source,
    SourceFiles,
    picture_cache_dir,
    resolve_source,
)
from digit_tui.data.text import counted, printable


def load_dataset(
    name: str,
    side: int = 28,
    progress: Progress | None = None,
    counts: tuple[int, int] | None = None,
) -> Dataset:
    """Read the source `name` (see `resolve_source`) and resample its images to `side` pixels.

    Args:
        name: of the source.
        side: of the images, in pixels.
        progress: called as pictures are read, see `read_picture_set`.
        counts: of `mine` only: the first so many training and test drawings, as it was before
            others were added.

    Raises DataError if files are missing, damaged or do not fit each other.
    """
    source = resolve_source(name)
    match source:
        case OwnSource():
            return _split_drawings(source, read_own(), side, counts)
        case PictureFolder():
            arrays, notes, names = read_picture_set(source, picture_cache_dir(), progress)
            where = str(source.train)
            return _assemble(source, arrays, (where, str(source.test or where)), side, notes, names)
        case _:
            return load_source(source, side)


def load_source(source: SourceFiles, side: int = 28) -> Dataset:
    """Read and check the four files of `source`; raises DataError as `load_dataset`."""
    arrays = Arrays(
        read_images(source.train_images),
        read_labels(source.train_labels),
        read_images(source.test_images),
        read_labels(source.test_labels),
    )
    _check_counts(source.train_images, arrays[0], source.train_labels, arrays[1])
    _check_counts(source.test_images, arrays[2], source.test_labels, arrays[3])
    _check_shapes(source, arrays.train_images, arrays.test_images)
    return _assemble(source, arrays, (str(source.train_labels), str(source.test_labels)), side)


def all_drawings(side: int = 28, classes: int = 256) -> Dataset:
    """The person's own drawings, all of them test digits, for a network that has seen none.

    There are training images in every dataset: here they are the same ones.

    Args:
        side: of the images, in pixels.
        classes: that the network tells apart; drawings of others are left out, and that is noted.

    Raises:
        DataError: if there are none.
    """
    source = resolve_source(MINE)
    own = read_own()
    known = own.labels < classes
    notes = [f"{MINE}: all {counted(int(known.sum()), 'drawing')} to test"]
    if unknown := len(known) - int(known.sum()):
        words = f"the network knows 0 to {classes - 1}"
        if unknown == len(known):
            raise DataError(f"{MINE}: {words}, none of the drawings is such")
        notes = [f"{notes[0]}; {counted(unknown, 'other')} left out: {words}"]
    flat, labels = _flatten(resample_area(own.images[known], side)), _frozen(own.labels[known])
    return Dataset(
        name=source.name,
        source=printable(str(source.folder)),
        train_images=flat,
        train_labels=labels,
        test_images=flat,
        test_labels=labels,
        side=side,
        classes=max(int(labels.max()) + 1, 2),
        notes=tuple(notes),
    )


def _split_drawings(
    source: OwnSource, own: OwnDigits, side: int, counts: tuple[int, int] | None
) -> Dataset:
    train, test = np.flatnonzero(~own.tested), np.flatnonzero(own.tested)
    if counts is not None:
        train, test = train[: counts[0]], test[: counts[1]]
    if not len(train) or not len(test):
        there = counted(len(own.labels), "drawing")
        reason = f"of {there} none is to {'test' if len(train) else 'train'}"
        advice = "the third of each label is the first to test: draw more, or train on others"
        raise DataError(f"{MINE}: {reason}; {advice}")
    arrays = Arrays(own.images[train], own.labels[train], own.images[test], own.labels[test])
    parts = f"{len(train):,} to train on, {len(test):,} to test"
    note = f"{MINE}: one of five drawings of each label is a test digit: {parts}"
    where = str(source.folder)
    return _assemble(source, arrays, (where, where), side, (note,))


def _assemble(
    source: Source,
    arrays: Arrays,
    labels: tuple[str, str],
    side: int,
    notes: tuple[str, ...] = (),
    class_names: tuple[str, ...] = (),
) -> Dataset:
    """The dataset of square images; `labels` says where those of training and of testing are."""
    return Dataset(
        name=source.name,
        source=printable(str(source.folder)),
        train_images=_flatten(resample_area(arrays.train_images, side)),
        train_labels=_frozen(arrays.train_labels),
        test_images=_flatten(resample_area(arrays.test_images, side)),
        test_labels=_frozen(arrays.test_labels),
        side=side,
        classes=_count_classes(labels, arrays.train_labels, arrays.test_labels),
        class_names=class_names,
        notes=notes,
    )


def _check_counts(
    images_path: Path, images: NDArray[np.uint8], labels_path: Path, labels: NDArray[np.uint8]
) -> None:
    if len(images) != len(labels):
        raise DataError(
            printable(
                f"{images_path} holds {counted(len(images), 'image')} but {labels_path.name} holds "
                f"{counted(len(labels), 'label')}; give files that belong together"
            )
        )


def _check_shapes(source: SourceFiles, train: NDArray[np.uint8], test: NDArray[np.uint8]) -> None:
    rows, columns = train.shape[1:]
    if rows != columns:
        reason = f"its images are {rows}x{columns} pixels; give square images"
        raise DataError(printable(f"{source.train_images}: {reason}"))
    if test.shape[1:] != (rows, columns):
        raise DataError(
            printable(
                f"{source.test_images}: its images are {test.shape[1]}x{test.shape[2]} pixels, the "
                f"training images {rows}x{columns}; give files that belong together"
            )
        )


def _count_classes(
    where: tuple[str, str], train_labels: NDArray[np.uint8], test_labels: NDArray[np.uint8]
) -> int:
    classes = int(train_labels.max()) + 1
    if classes < 2:
        raise DataError(printable(f"{where[0]}: all labels are 0; give at least two classes"))
    unknown = int(test_labels.max())
    if unknown >= classes:
        raise DataError(
            printable(
                f"{where[1]}: it has the label {unknown}, training has none above {classes - 1}; "
                "give files that belong together"
            )
        )
    return classes


def _flatten(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, side, side) as (n, side * side), without a copy, read-only."""
    return _frozen(images.reshape(len(images), -1))


def _frozen(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    array.flags.writeable = False
    return array
