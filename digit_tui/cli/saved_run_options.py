"""What several subcommands take of a saved run: arguments and options with one meaning."""

from __future__ import annotations

import click

from digit_tui.cli.completion_types import DATA_NAME, RUN_NAME

RUN = click.argument("run", type=RUN_NAME)
DATA = click.option(
    "--data",
    type=DATA_NAME,
    metavar="NAME|DIR",
    help="Dataset (the one that the run was trained on).",
)
MOVED_DATA = click.option(
    "--data", type=DATA_NAME, metavar="NAME|DIR", help="Where its dataset is now, if it was moved."
)
BEST = click.option("--best", is_flag=True, help="Use the best checkpoint instead of the last.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
WITH = click.option(
    "--with",
    "others",
    type=RUN_NAME,
    metavar="RUN",
    multiple=True,
    help="Together with this run, as a committee; may be given several times.",
)
