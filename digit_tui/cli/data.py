"""The `digit-tui data` commands: list and fetch datasets, draw digits."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from threading import Thread
from types import FrameType

from digit_tui.data import (
    MIRRORS,
    DataError,
    cache_dir,
    counted,
    describe_sources,
    discard_unfinished,
    draw_digit,
    fetch_mnist,
    load_dataset,
    printable,
    reason_of,
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


def show_data(name: str, count: int, first: int, part: str) -> int:
    """Draw digits, as many side by side as fit; returns the exit status."""
    try:
        dataset = load_dataset(name)
    except DataError as error:
        print_error(str(error))
        return ExitStatus.DATA
    train = part == "train"
    images = dataset.train_images if train else dataset.test_images
    labels = dataset.train_labels if train else dataset.test_labels
    if first >= len(images):
        print_error(f"--index {first}: there are {len(images):,} images, counted from 0")
        return ExitStatus.USAGE

    output = Output()
    width = 2 * DRAWING_ROWS
    across = max((shutil.get_terminal_size().columns + 2) // (width + 2), 1)
    chosen = range(first, min(first + count, len(images)))
    for start in range(0, len(chosen), across):
        row = chosen[start : start + across]
        captions = [f"#{index}  label {labels[index]}" for index in row]
        drawings = [
            draw_digit(images[index].reshape(dataset.side, -1), width, DRAWING_ROWS)
            for index in row
        ]
        for line in (captions, *zip(*drawings, strict=True), ()):
            output.line("  ".join(f"{cell:<{width}}" for cell in line).rstrip())
    return output.status or ExitStatus.DONE
