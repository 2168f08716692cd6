"""Where datasets come from: the bundled sample, full MNIST, one's own drawings, or any folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from digit_tui.data.errors import DataError
from digit_tui.data.idx import read_image_count
from digit_tui.data.own_digits import own_digits_dir, read_own
from digit_tui.data.picture_folder import EXPECTED, PictureFolder, find_pictures, recognise
from digit_tui.data.text import printable, reason_of

MINE = "mine"
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
"""Of pictures that can be read, as they are usually called."""
SOURCES = ("auto", "sample", "mnist", MINE)
"""Names of sources that are not folders."""

_FETCH = "run `digit-tui data fetch`, or use --data sample or --data DIR"
_DRAW = (
    "draw some with `digit-tui draw`, or keep some with `digit-tui data mine --add FILE --label N`"
)


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


def picture_cache_dir() -> Path:
    """The folder in the user's cache for what was read from folders of pictures."""
    return user_cache_path("digit-tui", appauthor=False) / "pictures"


def sample_dir() -> Path:
    """The folder of the bundled sample: in the package if installed, else in the checkout."""
    package = Path(__file__).parent
    installed = package / "sample"
    return installed if installed.is_dir() else package.parents[1] / "assets" / "sample"


@dataclass(frozen=True)
class OwnSource:
    """The person's own drawings, of which there are some."""

    name: str
    folder: Path


Source = SourceFiles | PictureFolder | OwnSource


def resolve_source(name: str) -> Source:
    """Find the files of `auto`, `sample`, `mnist`, `mine` or a folder, without reading them.

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
    if name == MINE:
        if not len(read_own().labels):
            raise DataError(f"there are no drawings of yours; {_DRAW}")
        return OwnSource(MINE, own_digits_dir())
    folder = Path(os.path.expanduser(name))
    if not name or not folder.is_dir():
        if name and folder.exists():
            raise DataError(
                f"{printable(name)} is a file: give a folder, of the four IDX files or of pictures"
            )
        names = ", ".join(SOURCES)
        raise DataError(f"{printable(name) or 'an empty name'}: no such folder, nor one of {names}")
    resolved = folder.resolve()
    label = printable(resolved.name or str(resolved))
    pictures = None if _has_idx(folder) else recognise(label, folder)
    if pictures is None and _has_loose_pictures(folder):
        reason = "its pictures are in no class folder"
        advice = "put those of each class in a folder of its own, such as 3 or threes"
        raise DataError(f"{printable(str(folder))}: {reason}; {advice}")
    return pictures or _find_files(label, folder, EXPECTED)


def describe_sources(names: Sequence[str] = SOURCES[1:]) -> list[SourceSummary]:
    """What each source holds, or why it cannot be used; reads headers and names only."""
    return [_describe(name) for name in names]


def _describe(name: str) -> SourceSummary:
    folders = {"sample": sample_dir, "mnist": cache_dir, MINE: own_digits_dir}
    folder = folders[name]() if name in folders else Path(os.path.expanduser(name))
    try:
        source = resolve_source(name)
        match source:
            case OwnSource():
                tested = read_own().tested
                counts = int((~tested).sum()), int(tested.sum())
            case PictureFolder():
                found = find_pictures(source)
                counts = len(found.train), len(found.test)
            case _:
                paths = source.train_images, source.test_images
                counts = read_image_count(paths[0]), read_image_count(paths[1])
    except DataError as error:
        return SourceSummary(name, folder, 0, 0, str(error))
    return SourceSummary(source.name, source.folder, *counts, None)


def _has_idx(folder: Path) -> bool:
    with suppress(OSError):
        return any(re.search(r"-ubyte(\.gz)?$", name) for name in os.listdir(folder))
    return True  # `_find_files` says what is wrong


def _has_loose_pictures(folder: Path) -> bool:
    """Whether there are files that are called like pictures, and none like MNIST's."""
    with suppress(OSError):
        names = os.listdir(folder)
        return not _has_idx(folder) and any(name.lower().endswith(SUFFIXES) for name in names)
    return False


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
