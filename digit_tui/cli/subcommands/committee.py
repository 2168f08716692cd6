"""`digit-tui committee`: several saved runs predict together."""

from __future__ import annotations

import sys

import click

from digit_tui.cli.completion_types import DATA_NAME, RUN_NAME
from digit_tui.cli.saved_run_options import BEST, JSON


@click.command()
@click.argument("names", type=RUN_NAME, metavar="RUN RUN...", nargs=-1, required=True)
@click.option(
    "--data",
    type=DATA_NAME,
    metavar="NAME|DIR",
    help="Dataset (the one that they were trained on).",
)
@BEST
@JSON
def committee(names: tuple[str, ...], data: str | None, best: bool, as_json: bool) -> None:
    """Measure RUNs that predict together, by the mean of their probabilities."""
    from digit_tui.cli.committee import measure_committee

    sys.exit(measure_committee(names, data, best, as_json))
