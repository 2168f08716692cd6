"""`digit-tui report`: a page about a saved run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from digit_tui.cli.saved_run_options import BEST, DATA, RUN


@click.command()
@RUN
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    required=True,
    help="The page, to open in a browser or to print; - is standard output.",
)
@DATA
@BEST
@click.option(
    "--test",
    "open_test",
    is_flag=True,
    help="Measure the test set, also where the run held images out and did not open it.",
)
@click.option(
    "--mistakes",
    type=click.IntRange(0),
    metavar="N",
    default=60,
    show_default=True,
    help="Show at most N mistakes with pictures.",
)
@click.option("--force", is_flag=True, help="Let the page replace a file that is no such page.")
def report(
    run: str,
    html: Path,
    data: str | None,
    best: bool,
    open_test: bool,
    mistakes: int,
    force: bool,
) -> None:
    """Write a report on a RUN: curves, confusion, mistakes, calibration, what was done."""
    from digit_tui.cli.report import write_report

    sys.exit(write_report(run, html, data, best, open_test, mistakes, force))
