"""The `digit-tui data` commands: list and fetch datasets, draw digits. Own ones: mine.py."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from threading import Thread
from types import FrameType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.cli.loading import load_and_tell
from digit_tui.data import (
    MINE,
    MIRRORS,
    DataError,
    cache_dir,
    counted,
    describe_sources,
    discard_unfinished,
    draw_digit,
    fetch_mnist,
    printable,
    read_own,
    reason_of,
    resolve_source,
)
from digit_tui.session import signals
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.output import Output, print_error

DRAWING_ROWS = 14
"""Lines of a drawn digit: two rows of MNIST's pixels each."""
POLL_SECONDS = 0.1
LEAVE_SECONDS = 0.5
"""How long to wait for a download that was interrupted."""

ShowProgress = Callable[[str, int, int], None]
"""Takes the name of a file, bytes done, and bytes in total."""


def list_data() -> int:
    """Print which datasets are available; returns the exit status."""
    output = Output()
    for source in describe_sources():
        if source.problem is None:
            tested = counted(source.test_count, "test image")
            counts = f"{source.train_count:,} training and {tested}"
            output.line(f"{source.name:<8}{counts} in {printable(str(source.folder))}")
        else:
            output.line(f"{source.name:<8}not here: {source.problem}")
    return output.status or ExitStatus.DONE


def fetch_data(mirrors: tuple[str, ...], timeout: float) -> int:
    """Download full MNIST into the cache; returns the exit status."""
    with _download_bars() as show:
        download = _Download(mirrors, timeout, show)
        number = download.run()
    try:
        folder = download.folder()
    except DataError as error:
        print_error(str(error))
        return ExitStatus.FAILURE
    except OSError as error:
        print_error(f"cannot write {error.filename or cache_dir()}: {reason_of(error)}")
        return ExitStatus.DISK
    if folder is None:
        print_error("interrupted; no file is half-written, and finished ones are kept")
        return ExitStatus.SIGNALLED + number
    output = Output()
    output.line(f"Full MNIST is in {printable(folder)}")
    return output.status or ExitStatus.DONE


class _Cancelled(BaseException):
    """Ends a download after a signal."""


class _Download:
    """Fetches in a thread, so that a signal need not wait for a server or a name lookup.

    A second signal ends the program at once.
    """

    def __init__(self, mirrors: tuple[str, ...], timeout: float, show: ShowProgress | None) -> None:
        self._mirrors = mirrors
        self._timeout = timeout
        self._show = show
        self._number = 0
        self._folder: str | None = None
        self._failure: Exception | None = None

    def run(self) -> int:
        """Fetch until done or interrupted; returns the number of the signal, or 0."""
        with signals.handled_by(self._handle):
            worker = Thread(target=self._fetch, name="download", daemon=True)
            worker.start()
            while worker.is_alive() and not self._number:
                worker.join(POLL_SECONDS)
            worker.join(LEAVE_SECONDS)
            if worker.is_alive():  # it still waits for a server
                discard_unfinished()
        return self._number

    def folder(self) -> str | None:
        """Where the files are; None if the download was interrupted.

        Raises:
            DataError, OSError: if the download failed.
        """
        if self._failure is not None and not self._number:
            raise self._failure
        return self._folder

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._number = number
        signals.reset(number)

    def _fetch(self) -> None:
        try:
            files = fetch_mnist(
                mirrors=self._mirrors or MIRRORS, progress=self._progress, timeout=self._timeout
            )
            self._folder = str(files[0].parent)
        except _Cancelled:
            pass
        except Exception as error:
            self._failure = error

    def _progress(self, name: str, done: int, total: int) -> None:
        if self._number:
            raise _Cancelled
        if self._show is not None:
            self._show(name, done, total)


@contextlib.contextmanager
def _download_bars() -> Iterator[ShowProgress | None]:
    """A progress bar for each file on stderr, if that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], completed=done, total=total)

        yield show


def show_data(name: str, count: int, first: int, part: str | None) -> int:
    """Draw digits, as many side by side as fit; returns the exit status.

    Args:
        name: of the dataset.
        count: how many to draw.
        first: the number of the first, counted from 0.
        part: "train" or "test"; None is "train", or all of the person's own drawings.
    """
    try:
        digits = _own(part) if name == MINE else _of_dataset(name, part)
    except DataError as error:
        print_error(str(error))
        return ExitStatus.DATA
    if first >= len(digits.labels):
        print_error(f"--index {first}: there are {len(digits.labels):,} images, counted from 0")
        return ExitStatus.USAGE

    output = Output()
    width = 2 * DRAWING_ROWS
    across = max((shutil.get_terminal_size().columns + 2) // (width + 2), 1)
    chosen = range(first, min(first + count, len(digits.labels)))
    for start in range(0, len(chosen), across):
        row = chosen[start : start + across]
        captions = [digits.caption(index) for index in row]
        drawings = [draw_digit(digits.images[index], width, DRAWING_ROWS) for index in row]
        for line in (captions, *zip(*drawings, strict=True), ()):
            output.line("  ".join(f"{cell:<{width}}" for cell in line).rstrip())
    if chosen.stop < len(digits.labels):
        more = f"--index {chosen.stop} shows more"
        output.line(f"{len(chosen)} of {len(digits.labels):,}; {more}")
    return output.status or ExitStatus.DONE


class _Digits(NamedTuple):
    """Digits to draw: images (n, side, side) uint8, and for each of them the rest."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    numbers: Sequence[int]
    tested: NDArray[np.bool_]
    """Whether to say that it is a test digit."""

    def caption(self, index: int) -> str:
        test = "  test" if self.tested[index] else ""
        return f"#{self.numbers[index]}  label {self.labels[index]}{test}"


def _of_dataset(name: str, part: str | None) -> _Digits:
    dataset = load_and_tell(name)
    test = part == "test"
    images = dataset.test_images if test else dataset.train_images
    labels = dataset.test_labels if test else dataset.train_labels
    squares = images.reshape(-1, dataset.side, dataset.side)
    return _Digits(squares, labels, range(len(labels)), np.zeros(len(labels), np.bool_))


def _own(part: str | None) -> _Digits:
    """A person's drawings, with the numbers by which they are removed."""
    own = read_own()
    chosen = np.ones(len(own.labels), np.bool_) if part is None else own.tested == (part == "test")
    if not chosen.any():
        resolve_source(MINE)  # says so if there are none at all
        raise DataError(f"none of the drawings is in the {part} set; see digit-tui data mine")
    numbers = np.flatnonzero(chosen).tolist()
    return _Digits(own.images[chosen], own.labels[chosen], numbers, own.tested[chosen])
