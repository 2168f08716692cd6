"""A folder of pictures as a dataset: one folder a class, split into training and test or not yet.

What it consists of is found here, by names alone; `picture_sets` reads it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from digit_tui.data.errors import DataError
from digit_tui.data.idx import MAX_LABEL
from digit_tui.data.text import printable, reason_of

TRAIN, TEST = ("train", "training"), ("test", "testing")
"""The names of the two folders, where a dataset is split already."""
EXPECTED = "a data folder holds the four IDX files of MNIST's names, or a folder for each class"
LEFTOVERS = {"thumbs.db", "desktop.ini"}
"""What Windows leaves in folders of pictures, in lower case; other systems begin with a dot."""


class PictureFile(NamedTuple):
    """A picture that is not read yet."""

    path: Path
    label: int
    stamp: str
    """Of its size and times: another one if the file was changed."""


@dataclass(frozen=True)
class PictureFolder:
    """A folder of pictures, recognised but not searched yet."""

    name: str
    """The name of the folder, safe to print."""
    folder: Path
    train: Path
    """The folder that has a folder for each class of the training pictures."""
    test: Path | None
    """The same for the test pictures; None if one is to be split off."""


@dataclass(frozen=True, eq=False)
class FoundPictures:
    """All pictures of a dataset."""

    train: list[PictureFile]
    """In the order of label and name."""
    test: list[PictureFile]
    """Empty if they are to be split off from `train`."""
    classes: list[str]
    """The name of each label that is a class here, in the order of the labels."""
    numbered: bool
    """Whether the names are the labels themselves."""
    without_pictures: list[tuple[str, list[str]]]
    """Of each half that lacks some classes its name and the names of these."""

    @property
    def sum(self) -> str:
        """Hex SHA-256 of the names, labels, sizes and times of all files."""
        digest = hashlib.sha256()
        for pictures in (self.train, self.test):
            for path, label, stamp in pictures:
                digest.update(os.fsencode(f"{path.name}\0{label}\0{stamp}\0"))
            digest.update(b"\0")
        return digest.hexdigest()


def recognise(name: str, folder: Path) -> PictureFolder | None:
    """`folder` as a folder of pictures if it looks like one, by the folders in it, else None."""
    try:
        inside = [entry.name for entry in _entries(folder) if entry.is_dir()]
    except OSError:
        return None
    train, test = ([each for each in inside if each in names] for names in (TRAIN, TEST))
    if len(train) == len(test) == 1:
        return PictureFolder(name, folder, folder / train[0], folder / test[0])
    return PictureFolder(name, folder, folder, None) if inside else None


def find_pictures(source: PictureFolder) -> FoundPictures:
    """All pictures of `source`, by their names.

    A folder whose name is a number is the class of that label. If not all names are, the classes
    are numbered in the order of their names: capitals before small letters.

    Raises DataError that names what does not belong there, or what is missing.
    """
    halves = [source.train] if source.test is None else [source.train, source.test]
    names = [_class_names(half) for half in halves]
    classes = names[0]
    for strange in sorted({*names[-1]} - {*classes}):
        raise _refusal(halves[-1] / strange, "training has no such class", "remove it, or add one")
    lone = sorted({*TRAIN, *TEST}.intersection(classes))
    if source.test is None and len(lone) == 1:
        other = "test" if lone[0] in TRAIN else "train"
        advice = f"add {other}, or put its classes here, to have them split"
        raise _refusal(source.train, f"it holds {lone[0]}, but no {other}", advice)
    if len(classes) < 2:
        what = ", ".join(classes) or "no folder"
        advice = "give at least two classes, a folder of pictures each"
        raise _refusal(source.train, f"it holds {what}", advice)
    numbered = all(name.isascii() and name.isdigit() and str(int(name)) == name for name in classes)
    classes.sort(key=int if numbered else None)
    labels = {name: int(name) if numbered else place for place, name in enumerate(classes)}
    largest = max(labels.values())
    if largest > MAX_LABEL and not numbered:
        reason = f"it holds {len(classes):,} folders, and there are at most {MAX_LABEL + 1} classes"
        raise _refusal(source.train, reason, EXPECTED)
    if largest > MAX_LABEL:
        reason = f"the class {classes[-1]} has the label {largest}"
        raise _refusal(source.train, reason, f"labels are 0 to {MAX_LABEL}")
    found = [
        [picture for name in classes if name in own for picture in _pictures(half / name, labels)]
        for half, own in zip(halves, names, strict=True)
    ]
    for half, pictures in zip(halves, found, strict=True):
        if not pictures:
            raise _refusal(half, "there are no pictures in its folders", "put some there")
    names_of = [str(each) for each in range(largest + 1)] if numbered else classes
    without = [
        (half.name, missing)
        for half, own in zip(halves, found, strict=True)
        if (missing := _without_pictures(names_of, own))
    ]
    return FoundPictures(found[0], found[1] if len(found) > 1 else [], classes, numbered, without)


def _without_pictures(names: Sequence[str], pictures: Sequence[PictureFile]) -> list[str]:
    """The names of the labels, from 0, that no picture has."""
    labels = {each.label for each in pictures}
    return [name for label, name in enumerate(names) if label not in labels]


def _class_names(half: Path) -> list[str]:
    try:
        return [entry.name for entry in _entries(half) if entry.is_dir()]
    except OSError as error:
        raise _refusal(half, f"it cannot be read ({reason_of(error)})", "check it") from error


def _pictures(folder: Path, labels: dict[str, int]) -> Iterator[PictureFile]:
    try:
        for entry in sorted(_entries(folder), key=lambda entry: entry.name):
            path = folder / entry.name
            about = entry.stat()  # of what a link leads to
            if not stat.S_ISREG(about.st_mode):
                what = "a folder" if stat.S_ISDIR(about.st_mode) else "no regular file"
                advice = f"the folder of a class has pictures alone; {EXPECTED}"
                raise _refusal(path, f"it is {what}", advice)
            stamp = f"{about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"
            yield PictureFile(path, labels[folder.name], stamp)
    except OSError as error:
        where = Path(os.fsdecode(error.filename or folder))
        raise _refusal(where, f"it cannot be read ({reason_of(error)})", "check it") from error


def _entries(folder: Path) -> Sequence[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [
            entry
            for entry in entries
            if not entry.name.startswith(".") and entry.name.lower() not in LEFTOVERS
        ]


def _refusal(path: Path, reason: str, advice: str) -> DataError:
    return DataError(printable(f"{path}: {reason}; {advice}"))
