"""A person's own drawings with their labels, in the user's data directory.

Each state of the store is a folder whose name is a number, with IDX files in it; the highest number
is in force. Another state comes into force by one rename, so images and labels always belong
together, whenever the machine loses power.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_data_path

from digit_tui.data.drawing import MNIST_SIDE
from digit_tui.data.errors import DataError
from digit_tui.data.idx import (
    MAX_LABEL,
    read_images,
    read_labels,
    sync_folder,
    write_plain_idx,
)
from digit_tui.data.text import printable

IMAGES, LABELS, TESTED = "images-idx3-ubyte", "labels-idx1-ubyte", "tested-idx1-ubyte"
"""The files of a state; none of them if it has no drawings. `tested` is 1 for a test digit."""
PERIOD, FIRST_TESTED = 5, 2
"""Of each label one of five drawings is a test digit: the third, the eighth and so on."""

_WAIT_SECONDS = 10.0
_TRY_SECONDS = 0.02
_READ_TRIES = 5
"""A state can be replaced by another process while it is read; so often in a row it is not."""

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class OwnDigits(NamedTuple):
    """All drawings, in the order in which they were added; no two have the same pixels."""

    images: NDArray[np.uint8]
    """(n, 28, 28) uint8, 0 background to 255 ink"""
    labels: NDArray[np.uint8]
    """(n,) uint8, 0..46"""
    tested: NDArray[np.bool_]
    """(n,): whether it is a test digit; that is decided when it is added and never changes."""


def own_digits_dir() -> Path:
    """The folder in the user's data directory that the drawings are in."""
    return user_data_path("digit-tui", appauthor=False) / "mine"


def read_own_digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images (n, 28, 28) uint8 and labels (n,) uint8 of all drawings; n may be 0.

    Raises DataError if the files are damaged.
    """
    own = read_own()
    return own.images, own.labels


def read_own() -> OwnDigits:
    """All drawings, and which of them are test digits; raises DataError if files are damaged."""
    folder = own_digits_dir()
    for _ in range(_READ_TRIES):
        number = _newest(folder)
        if number is None:
            return _empty()
        found: OwnDigits | DataError
        try:
            found = _read_state(folder / str(number))
        except DataError as error:
            found = error
        if isinstance(found, OwnDigits) and len(found.labels):
            return found
        if _newest(folder) == number:  # else it was replaced, and its files removed, meanwhile
            if isinstance(found, DataError):
                raise found
            return found
    raise DataError(printable(f"{folder}: another process changes it all the time; try again"))


def add_own_digit(image: NDArray[np.uint8], label: int) -> bool:
    """Keep a drawing (28, 28) uint8 with its label, 0..46.

    One that is there already is kept once, with the new label. Returns whether anything changed.
    Raises DataError for a drawing or label that cannot be kept, or a damaged store; OSError if the
    disk refuses, and nothing is changed then.
    """
    return add_own_digits(image[None], [label]) == 1


def add_own_digits(images: NDArray[np.uint8], labels: Sequence[int]) -> int:
    """Keep drawings (n, 28, 28) uint8, all or none; returns how many of them changed anything."""
    if images.shape != (len(labels), MNIST_SIDE, MNIST_SIDE):
        raise ValueError(f"{len(labels)} labels for drawings of the shape {images.shape}")
    for image, label in zip(images, labels, strict=True):
        if not 0 <= label <= MAX_LABEL:
            raise DataError(f"the label {label}: labels are 0 to {MAX_LABEL}")
        if not image.any():
            raise DataError("a blank drawing is not kept; draw something")
    if not len(labels):
        return 0
    changed = 0

    def add(own: OwnDigits) -> OwnDigits:
        nonlocal changed
        places = {image.tobytes(): place for place, image in enumerate(own.images)}
        all_images, all_labels = [*own.images], own.labels.tolist()
        tested = own.tested.tolist()
        for image, label in zip(images, labels, strict=True):
            place = places.setdefault(image.tobytes(), len(all_labels))
            if place < len(all_labels):
                changed += all_labels[place] != label
                all_labels[place] = label
                continue
            changed += 1
            tested.append(_is_tested(label, all_labels, tested))
            all_labels.append(label)
            all_images.append(image)
        return OwnDigits(np.array(all_images), np.array(all_labels, np.uint8), np.array(tested))

    _change(add)
    return changed


def remove_own_digits(indices: Iterable[int], seen: OwnDigits | None = None) -> int:
    """Remove drawings by their numbers, counted from 0; returns how many were removed.

    Args:
        indices: numbers in `seen`.
        seen: what was read before; None is what is there now. Another process may have changed
            the numbers since, so that those are removed that were meant.

    Raises DataError or OSError as `add_own_digit`, IndexError for a number that is none.
    """
    chosen = list(indices)
    removed = 0

    def remove(own: OwnDigits) -> OwnDigits:
        nonlocal removed
        listed = own if seen is None else seen
        gone = {listed.images[index].tobytes() for index in chosen}
        kept = np.array([image.tobytes() not in gone for image in own.images], np.bool_)
        removed = int((~kept).sum())
        return OwnDigits(own.images[kept], own.labels[kept], own.tested[kept])

    _change(remove)
    return removed


def _is_tested(label: int, labels: list[int], tested: list[bool]) -> bool:
    """Whether the next drawing of a label is a test digit: removing some must not change others."""
    same = [test for each, test in zip(labels, tested, strict=True) if each == label]
    return len(same) >= PERIOD * sum(same) + FIRST_TESTED


def _change(change: Callable[[OwnDigits], OwnDigits]) -> None:
    """Replace the drawings by others; two processes do so one after the other."""
    folder = own_digits_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        before = read_own()
        after = change(before)
        if not all(map(np.array_equal, before, after)):
            _write_state(folder, after)


def _write_state(folder: Path, own: OwnDigits) -> None:
    last = _newest(folder) or 0
    for leftover in folder.glob(".state-*"):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = folder / f".state-{secrets.token_hex(8)}"
    try:
        temporary.mkdir()
        if len(own.labels):
            write_plain_idx(temporary / IMAGES, own.images)
            write_plain_idx(temporary / LABELS, own.labels)
            write_plain_idx(temporary / TESTED, own.tested.astype(np.uint8))
        sync_folder(temporary)
        temporary.rename(folder / str(last + 1))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(folder)
    for number in _numbers(folder):
        if number <= last:
            shutil.rmtree(folder / str(number), ignore_errors=True)


def _read_state(state: Path) -> OwnDigits:
    try:
        if not any(state.iterdir()):
            return _empty()
    except OSError as error:
        raise DataError(printable(f"{state}: it cannot be read ({error.strerror})")) from error
    images, labels = read_images(state / IMAGES), read_labels(state / LABELS)
    tested = read_labels(state / TESTED)
    square = images.shape[1:] == (MNIST_SIDE, MNIST_SIDE)
    if not (square and len(images) == len(labels) == len(tested)):
        reason = "its files do not belong together; remove the folder, or restore it from a copy"
        raise DataError(printable(f"{state}: {reason}"))
    return OwnDigits(images, labels, tested.astype(np.bool_))


def _empty() -> OwnDigits:
    images = np.zeros((0, MNIST_SIDE, MNIST_SIDE), np.uint8)
    return OwnDigits(images, np.zeros(0, np.uint8), np.zeros(0, np.bool_))


def _newest(folder: Path) -> int | None:
    return max(_numbers(folder), default=None)


def _numbers(folder: Path) -> list[int]:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DataError(printable(f"{folder}: it cannot be read ({error.strerror})")) from error
    return [int(name) for name in names if name.isascii() and name.isdigit()]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the store; it ends with the process. Its file stays, so it is always one."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        end = monotonic() + _WAIT_SECONDS
        while True:
            try:
                _try_lock(descriptor)
                break
            except OSError as error:
                if not isinstance(error, BlockingIOError | PermissionError):
                    raise
                if monotonic() > end:
                    reason = "another process changes the drawings; try again when it has ended"
                    raise DataError(printable(f"{folder}: {reason}")) from None
            sleep(_TRY_SECONDS)
        yield
    finally:
        os.close(descriptor)
