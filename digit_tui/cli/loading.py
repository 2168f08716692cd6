"""Loading a dataset for a command: with a progress bar, and what should be known about it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING

from digit_tui.data import DataError, Dataset, PictureFolder, load_dataset, resolve_source
from digit_tui.data.picture_sets import Progress
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import failure_of, print_failure
from digit_tui.session.output import print_error

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

PATIENCE_SECONDS = 1.0
"""A bar is shown for what takes longer."""


def load_and_tell(name: str, side: int = 28) -> Dataset:
    """As `load_dataset`, with a progress bar, and a line on stderr for each note about it."""
    with picture_bar() as progress:
        dataset = load_dataset(name, side, progress)
    for note in dataset.notes:
        print_error(note)
    return dataset


def prepare_pictures(name: str) -> None:
    """Read a folder of pictures into the cache, so that a front end has it at once.

    Ends the program if a picture cannot be read. Does nothing for other datasets: the front end
    says what is wrong with those.
    """
    try:
        if not isinstance(resolve_source(name), PictureFolder):
            return
    except DataError:
        return
    try:
        with picture_bar() as progress:
            load_dataset(name, progress=progress)
    except DataError as error:
        sys.exit(print_failure(failure_of(error)))
    except KeyboardInterrupt:
        print_error("interrupted; no picture was kept")
        sys.exit(ExitStatus.SIGNALLED + 2)


@contextlib.contextmanager
def picture_bar() -> Iterator[Progress | None]:
    """A progress bar on stderr, if that is a terminal and reading takes its time."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    begun = monotonic()
    with contextlib.ExitStack() as stack:
        bars: Bars | None = None

        def show(done: int, total: int) -> None:
            nonlocal bars
            if bars is None and monotonic() - begun > PATIENCE_SECONDS:
                bars = stack.enter_context(_bars())
                bars.add_task("pictures", total=total)
            if bars is not None:
                bars.update(bars.task_ids[0], completed=done)

        yield show


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Bars(*columns, console=Console(stderr=True))
