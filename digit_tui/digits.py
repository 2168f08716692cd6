"""The `digit-tui data` commands: list, fetch and draw digits."""

from __future__ import annotations

import shutil
import sys

import click

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
from digit_tui.status import Status

DRAWING_ROWS = 14
"""Height of a drawn digit in lines: two rows of MNIST's pixels each."""


def list_data() -> int:
    """Print what is here and what is not; returns the exit status."""
    for source in describe_sources():
        if source.problem is None:
            counts = f"{source.train_count:,} training and {source.test_count:,} test images"
            click.echo(f"{source.name:<8}{counts} in {printable(str(source.folder))}")
        else:
            click.echo(f"{source.name:<8}not here: {source.problem}")
    return Status.DONE


def fetch_data(mirrors: tuple[str, ...], timeout: float) -> int:
    """Download full MNIST into the cache; returns the exit status."""
    bars = sys.stderr.isatty()

    def show(name: str, done: int, total: int) -> None:
        if bars and total:
            filled = 30 * done // total
            bar = "█" * filled + "░" * (30 - filled)
            click.echo(f"\r{name:<26}{bar} {done / total:>4.0%}", nl=False, err=True)

    try:
        files = fetch_mnist(mirrors=mirrors or MIRRORS, progress=show, timeout=timeout)
    except DataError as error:
        _end_bar(bars)
        click.echo(f"digit-tui: {error}", err=True)
        return Status.FAILURE
    except OSError as error:
        _end_bar(bars)
        where = printable(str(error.filename or cache_dir()))
        click.echo(f"digit-tui: cannot write {where}: {error.strerror}", err=True)
        return Status.DISK
    except KeyboardInterrupt:
        _end_bar(bars)
        click.echo("digit-tui: interrupted; nothing half-written is left", err=True)
        return Status.SIGNALLED + 2
    _end_bar(bars)
    click.echo(f"Full MNIST is in {printable(str(files[0].parent))}")
    return Status.DONE


def _end_bar(bars: bool) -> None:
    if bars:
        click.echo(err=True)


def show_data(name: str, count: int, first: int, part: str) -> int:
    """Draw some digits, as many beside each other as fit; returns the exit status."""
    try:
        dataset = load_dataset(name)
    except DataError as error:
        click.echo(f"digit-tui: {error}", err=True)
        return Status.DATA
    train = part == "train"
    images = dataset.train_images if train else dataset.test_images
    labels = dataset.train_labels if train else dataset.test_labels
    if first >= len(images):
        click.echo(f"digit-tui: --index {first}: there are {len(images):,} images", err=True)
        return Status.USAGE

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
        for line in (captions, *zip(*drawings, strict=True)):
            click.echo("  ".join(f"{cell:<{width}}" for cell in line).rstrip())
        click.echo()
    return Status.DONE
