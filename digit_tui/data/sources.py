"""Where datasets come from: the bundled sample, the cache of full MNIST, or any folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from digit_tui.data.dataset import Dataset
from digit_tui.data.errors import DataError
from digit_tui.data.idx import read_image_count, read_images, read_labels
from digit_tui.data.resample import resample_area
from digit_tui.data.text import counted, printable, reason_of

SOURCES = ("auto", "sample", "mnist")
"""Names of sources that are not folders."""

_FETCH = "run `digit-tui data fetch`, or use --data sample or --data DIR"


@dataclass(frozen=True)
class SourceFiles:
    """The four IDX files of a dataset, found but not read yet."""

    name: str
    """`sample`, `mnist`, or the name of the folder."""
    folder: Path
    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path


@dataclass(frozen=True)
class SourceSummary:
    """One line of `digit-tui data`."""

    name: str
    folder: Path
    train_count: int
    """Training images; 0 if the source is absent."""
    test_count: int
    """Test images; 0 if the source is absent."""
    problem: str | None
    """Why the source cannot be used, as one line, or None."""


def cache_dir() -> Path:
    """The folder in the user's cache that full MNIST is downloaded to."""
    return user_cache_path("digit-tui", appauthor=False) / "mnist"


def sample_dir() -> Path:
    """The folder of the bundled sample: in the package if installed, else in the checkout."""
    package = Path(__file__).parent
    installed = package / "sample"
    return installed if installed.is_dir() else package.parents[1] / "assets" / "sample"


def resolve_source(name: str) -> SourceFiles:
    """Find the four files of `auto`, `sample`, `mnist` or a folder, without reading them.

    `auto` is full MNIST if it is in the cache, else the sample; a folder that is called like
    one of these is given as `./sample`. Raises DataError that names what is missing.
    """
    if name == "auto":
        try:
            return resolve_source("mnist")
        except DataError:
            return resolve_source("sample")
    if name == "sample":
        return _find_files("sample", sample_dir(), "install digit-tui again")
    if name == "mnist":
        if not cache_dir().is_dir():
            raise DataError(f"full MNIST is not in {printable(str(cache_dir()))}; {_FETCH}")
        return _find_files("mnist", cache_dir(), _FETCH)
    folder = Path(os.path.expanduser(name))
    if not name or not folder.is_dir():
        if name and folder.exists():
            raise DataError(f"{printable(name)} is a file: give the folder of the four IDX files")
        names = ", ".join(SOURCES)
        raise DataError(f"{printable(name) or 'an empty name'}: no such folder, nor one of {names}")
    resolved = folder.resolve()
    label = printable(resolved.name or str(resolved))
    return _find_files(label, folder, "a data folder holds the four IDX files of MNIST's names")


def load_dataset(name: str, side: int = 28) -> Dataset:
    """Read the source `name` (see `resolve_source`) and resample its images to `side` pixels.

    Raises DataError if files are missing, damaged or do not fit each other.
    """
    return load_source(resolve_source(name), side)


def load_source(source: SourceFiles, side: int = 28) -> Dataset:
    """Read and check the four files of `source`; raises DataError as `load_dataset`."""
    train_images = read_images(source.train_images)
    train_labels = read_labels(source.train_labels)
    test_images = read_images(source.test_images)
    test_labels = read_labels(source.test_labels)
    _check_counts(source.train_images, train_images, source.train_labels, train_labels)
    _check_counts(source.test_images, test_images, source.test_labels, test_labels)
    _check_shapes(source, train_images, test_images)
    return Dataset(
        name=source.name,
        source=printable(str(source.folder)),
        train_images=_flatten(resample_area(train_images, side)),
        train_labels=train_labels,
        test_images=_flatten(resample_area(test_images, side)),
        test_labels=test_labels,
        side=side,
        classes=_count_classes(source, train_labels, test_labels),
    )


def describe_sources(names: Sequence[str] = SOURCES[1:]) -> list[SourceSummary]:
    """What each source holds, or why it cannot be used; reads headers only."""
    return [_describe(name) for name in names]


def _describe(name: str) -> SourceSummary:
    folders = {"sample": sample_dir, "mnist": cache_dir}
    folder = folders[name]() if name in folders else Path(os.path.expanduser(name))
    try:
        source = resolve_source(name)
        train_count = read_image_count(source.train_images)
        test_count = read_image_count(source.test_images)
    except DataError as error:
        return SourceSummary(name, folder, 0, 0, str(error))
    return SourceSummary(source.name, source.folder, train_count, test_count, None)


def _find_files(name: str, folder: Path, advice: str) -> SourceFiles:
    """Recognise the four files by their names; raises DataError for a missing or doubtful one."""
    try:
        present = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        reason = f"it cannot be read ({reason_of(error)})"
        raise DataError(f"{printable(str(folder))}: {reason}; {advice}") from error

    def find(split: str, kind: str) -> Path:
        # MNIST says t10k where EMNIST says test, and EMNIST puts its own name in front.
        # Names that begin with a dot are metadata that macOS leaves beside the real files.
        pattern = re.compile(rf"(?!\.)(.*[-_])?({split})-{kind}-ubyte(\.gz)?")
        found = [entry for entry in present if pattern.fullmatch(entry)]
        found = [entry for entry in found if entry.removesuffix(".gz") not in {*found} - {entry}]
        if len(found) == 1:
            return folder / found[0]
        where = printable(str(folder))
        if not found:
            usual = f"{split.split('|')[0]}-{kind}-ubyte"
            raise DataError(f"{where}: {usual} (or {usual}.gz) is missing; {advice}")
        both = printable(" and ".join(found[:2]))
        raise DataError(f"{where}: it holds both {both}; keep one of them in a folder of its own")

    return SourceFiles(
        name=name,
        folder=folder,
        train_images=find("train", "images-idx3"),
        train_labels=find("train", "labels-idx1"),
        test_images=find("t10k|test", "images-idx3"),
        test_labels=find("t10k|test", "labels-idx1"),
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
    source: SourceFiles, train_labels: NDArray[np.uint8], test_labels: NDArray[np.uint8]
) -> int:
    classes = int(train_labels.max()) + 1
    if classes < 2:
        reason = "all labels are 0; give at least two classes"
        raise DataError(printable(f"{source.train_labels}: {reason}"))
    unknown = int(test_labels.max())
    if unknown >= classes:
        raise DataError(
            printable(
                f"{source.test_labels}: it has the label {unknown}, training has none above "
                f"{classes - 1}; give files that belong together"
            )
        )
    return classes


def _flatten(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, side, side) as (n, side * side), without a copy, read-only."""
    flat = images.reshape(len(images), -1)
    flat.flags.writeable = False
    return flat
