"""The `digit-tui data` commands: list, fetch and draw digits."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
from collections.abc import Callable, Iterator

from digit_tui.data import (
    MIRRORS,
    DataError,
    cache_dir,
    describe_sources,
    draw_digit,
    fetch_mnist,
    load_dataset,
    printable,
)
from digit_tui.output import Output, complain
from digit_tui.status import Status

DRAWING_ROWS = 14
"""Height of a drawn digit in lines: two rows of MNIST's pixels each."""


def list_data() -> int:
    """Print what is here and what is not; returns the exit status."""
    output = Output()
    for source in describe_sources():
        if source.problem is None:
            counts = f"{source.train_count:,} training and {source.test_count:,} test images"
            output.line(f"{source.name:<8}{counts} in {printable(str(source.folder))}")
        else:
            output.line(f"{source.name:<8}not here: {source.problem}")
    return output.status or Status.DONE


def fetch_data(mirrors: tuple[str, ...], timeout: float) -> int:
    """Download full MNIST into the cache; returns the exit status."""
    try:
        with _download_bars() as show:
            files = fetch_mnist(mirrors=mirrors or MIRRORS, progress=show, timeout=timeout)
    except DataError as error:
        complain(str(error))
        return Status.FAILURE
    except OSError as error:
        complain(f"cannot write {error.filename or cache_dir()}: {error.strerror}")
        return Status.DISK
    except KeyboardInterrupt:
        complain("interrupted; no file is half-written, and finished ones are kept")
        return Status.SIGNALLED + signal.SIGINT
    output = Output()
    output.line(f"Full MNIST is in {printable(str(files[0].parent))}")
    return output.status or Status.DONE


@contextlib.contextmanager
def _download_bars() -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar a file on stderr, if that is a terminal: takes (name, bytes done, bytes in all)."""
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
    """Draw some digits, as many beside each other as fit; returns the exit status."""
    try:
        dataset = load_dataset(name)
    except DataError as error:
        complain(str(error))
        return Status.DATA
    train = part == "train"
    images = dataset.train_images if train else dataset.test_images
    labels = dataset.train_labels if train else dataset.test_labels
    if first >= len(images):
        complain(f"--index {first}: there are {len(images):,} images, counted from 0")
        return Status.USAGE

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
    return output.status or Status.DONE
