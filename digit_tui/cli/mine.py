"""`digit-tui data mine`: lists, keeps and removes a person's own drawings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digit_tui.cli.runs.remove import can_ask, confirmed
from digit_tui.data import (
    DataError,
    a_digit,
    add_own_digits,
    counted,
    own_digits_dir,
    printable,
    read_digit,
    read_own,
    remove_own_digits,
)
from digit_tui.data.picture_files import read_picture
from digit_tui.data.segmentation import find_digits
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import failure_of, print_failure
from digit_tui.session.output import Output, print_error

DIGITS = 10
"""Labels from here on are those of letters, such as EMNIST's."""
NAMED = 8
"""Drawings that are named one by one when it is asked whether to remove them: one row or two."""


def list_mine() -> int:
    """Print how many drawings there are of each label; returns the exit status."""
    try:
        own = read_own()
    except DataError as error:
        return print_failure(failure_of(error))
    output = Output()
    where = printable(str(own_digits_dir()))
    output.line(f"{counted(len(own.labels), 'drawing')} in {where}")
    if len(own.labels):
        output.line("label  training  test")
    for label in np.unique(own.labels):
        tested = own.tested[own.labels == label]
        output.line(f"{label:>5}  {(~tested).sum():>8}  {tested.sum():>4}")
    if len(own.labels):
        output.line("training and test are those of --data mine; teach and evaluate take them all")
    return output.status or ExitStatus.DONE


def add_pictures(files: Sequence[Path], label: int, single: bool) -> int:
    """Keep the digits of picture files, all or none; returns the exit status.

    Args:
        files: a digit in each.
        label: of all of them.
        single: take each picture for one digit, however many there seem to be.
    """
    try:
        images = np.stack([_drawn(file, single) for file in files])
        before = read_own()
        added = add_own_digits(images, [label] * len(images))
        count = len(read_own().labels)
    except (DataError, OSError) as error:
        return _trouble(error)
    output = Output()
    known = len(images) - added
    there = f" ({known:,} there before)" if known else ""
    output.line(f"Kept {counted(added, 'drawing')} with the label {label}{there}; {count:,} in all")
    if label >= DIGITS:
        output.line(f"Labels of {DIGITS} and more are letters: runs on digits leave them out")
    labels = {image.tobytes(): old for image, old in zip(before.images, before.labels, strict=True)}
    for file, image in zip(files, images, strict=True):
        if (old := labels.get(image.tobytes(), label)) != label:
            output.line(printable(f"{file}: its label was {old}"))
    return output.status or ExitStatus.DONE


def _drawn(file: Path, single: bool) -> NDArray[np.uint8]:
    image = read_digit(file)
    if not image.any():
        raise DataError(printable(f"{file}: no ink is found in it; give a picture of a digit"))
    ink = read_picture(file)
    # One of 28x28 pixels is normalised already, or too small for more.
    whole = single or ink.shape == image.shape
    try:
        count = 1 if whole else len(find_digits(ink))
    except DataError as error:
        raise DataError(printable(f"{file}: {error}")) from error
    if count > 1:
        advice = "give a picture of each, or --single if it is one"
        raise DataError(printable(f"{file}: it holds {count} digits; {advice}"))
    return image


def remove_drawings(numbers: str, sure: bool) -> int:
    """Remove drawings; returns the exit status.

    Args:
        numbers: as `data show` counts them, such as "3,5-7".
        sure: do not ask.
    """
    try:
        own = read_own()
        chosen = parse_numbers(numbers, len(own.labels))
        if not sure and not can_ask():
            print_error("--remove can ask only on a terminal: to remove without asking, add --yes")
            return ExitStatus.USAGE
        if not sure and not confirmed(_question(chosen, own.labels)):
            return ExitStatus.DONE
        removed = remove_own_digits(chosen, own)
    except ValueError as error:
        print_error(f"--remove {numbers}: {error}")
        return ExitStatus.USAGE
    except (DataError, OSError) as error:
        return _trouble(error)
    output = Output()
    left = len(own.labels) - removed
    output.line(f"Removed {counted(removed, 'drawing')}; {left:,} left")
    return output.status or ExitStatus.DONE


def _question(chosen: Sequence[int], labels: NDArray[np.uint8]) -> str:
    """For example "Remove #1, a 3?", "Remove 2 drawings: #1 a 3, #2 a 7?"."""
    if len(chosen) == 1:
        return f"Remove #{chosen[0]}, {a_digit(labels[chosen[0]])}?"
    named = [f"#{number} {a_digit(labels[number])}" for number in chosen[:NAMED]]
    if len(chosen) > NAMED:
        named[-1] += f" and {len(chosen) - NAMED:,} more"
    return f"Remove {counted(len(chosen), 'drawing')}: {', '.join(named)}?"


def parse_numbers(text: str, count: int) -> list[int]:
    """The numbers below `count` that "3,5-7" names, in order, each once.

    Raises:
        ValueError: if it is no such list, or a number is too large.
    """
    chosen: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        ends = [first, last if dash else first]
        if not all(end.isascii() and end.isdigit() for end in ends):
            raise ValueError("give numbers such as 3,5-7")
        low, high = map(int, ends)
        if low > high:
            raise ValueError(f"in {low}-{high} the first number is the larger: give {high}-{low}")
        if high >= count:
            raise ValueError(_too_large(count))
        chosen.update(range(low, high + 1))
    return sorted(chosen)


def _too_large(count: int) -> str:
    if count < 2:
        return "there is only one drawing: #0" if count else "there are no drawings"
    return f"there are {count:,} drawings: #0 to #{count - 1}"


def _trouble(error: DataError | OSError) -> int:
    return print_failure(failure_of(error, own_digits_dir()))
