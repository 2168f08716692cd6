"""`digit-tui data`: the datasets, and drawings of one's own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from digit_tui.cli.completion_types import DATA_NAME


@click.group(invoke_without_command=True)
@click.pass_context
def data(context: click.Context) -> None:
    """List the available datasets, fetch full MNIST, keep your own digits, or draw some."""
    if context.invoked_subcommand is None:
        from digit_tui.cli.data import list_data

        sys.exit(list_data())


@data.command()
@click.option(
    "--mirror",
    "mirrors",
    multiple=True,
    metavar="URL",
    help="Fetch from there instead; repeatable.",
)
@click.option("--timeout", type=click.FloatRange(0.1), default=20.0, show_default=True)
def fetch(mirrors: tuple[str, ...], timeout: float) -> None:
    """Download full MNIST (11 MB) into the cache and check it."""
    from digit_tui.cli.data import fetch_data

    sys.exit(fetch_data(mirrors, timeout))


@data.command()
@click.option(
    "--data", "name", type=DATA_NAME, default="auto", metavar="NAME|DIR", show_default=True
)
@click.option("--count", type=click.IntRange(1, 1000), default=8, show_default=True)
@click.option(
    "--index", type=click.IntRange(0), default=0, show_default=True, help="The first digit."
)
@click.option(
    "--set",
    "part",
    type=click.Choice(["train", "test"]),
    help="Which of them (train; of your own drawings all).",
)
def show(name: str, count: int, index: int, part: str | None) -> None:
    """Draw digits with their labels."""
    from digit_tui.cli.data import show_data

    sys.exit(show_data(name, count, index, part))


@data.command()
@click.option(
    "--add",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep the digit in this picture; repeatable.",
)
@click.option(
    "--label",
    type=click.IntRange(0, 46),
    help="What the digit of --add is; 10 and more are letters, for runs on letters.",
)
@click.option("--single", is_flag=True, help="With --add: each picture is of one digit.")
@click.option("--remove", "numbers", metavar="LIST", help="Remove drawings, such as 3,5-7.")
@click.option("--yes", is_flag=True, help="With --remove: do not ask first.")
def mine(
    files: tuple[Path, ...], label: int | None, single: bool, numbers: str | None, yes: bool
) -> None:
    """List your own drawings, add pictures to them, or remove some.

    data show --data mine draws them, with the numbers for --remove.
    """
    if bool(files) != (label is not None):
        raise click.UsageError("--add and --label need each other")
    if files and numbers is not None:
        raise click.UsageError("--add or --remove, not both")
    if yes and numbers is None:
        raise click.UsageError("--yes is for --remove only")
    if single and not files:
        raise click.UsageError("--single is for --add only")
    from digit_tui.cli.mine import add_pictures, list_mine, remove_drawings

    if label is not None:
        sys.exit(add_pictures(files, label, single))
    sys.exit(list_mine() if numbers is None else remove_drawings(numbers, yes))
