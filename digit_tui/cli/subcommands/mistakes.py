"""`digit-tui mistakes`: the digits that a saved network gets wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from digit_tui.cli.saved_run_options import BEST, DATA, RUN, WITH

ORDERS = ("loss", "confidence", "index", "forgotten", "broken", "fixed")
"""Those of `insight.selection`, which --help does not import."""


@click.command()
@RUN
@DATA
@BEST
@WITH
@click.option(
    "--select",
    "selection",
    metavar="TEXT",
    default="wrong",
    show_default=True,
    help="Which digits, such as 'true=4 pred=9 conf>0.9'; '' for all of them.",
)
@click.option(
    "--sort",
    "order",
    type=click.Choice(ORDERS),
    default="loss",
    show_default=True,
    help="The order.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="List at most N (all).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV, with a line of headings.")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="One page with pictures, to open in a browser; - is standard output.",
)
@click.option("--force", is_flag=True, help="Let --html replace a file that is no such page.")
def mistakes(
    run: str,
    data: str | None,
    best: bool,
    others: tuple[str, ...],
    selection: str,
    order: str,
    limit: int | None,
    as_json: bool,
    as_csv: bool,
    html: Path | None,
    force: bool,
) -> None:
    """List the test digits that a RUN gets wrong, or other test digits."""
    if as_json + as_csv + (html is not None) > 1:
        raise click.UsageError("--json, --csv or --html: only one of them")
    if force and html is None:
        raise click.UsageError("--force is for --html only")
    from digit_tui.cli.mistakes import list_mistakes

    form = "json" if as_json else "csv" if as_csv else "text"
    sys.exit(list_mistakes((run, *others), data, best, selection, order, limit, form, html, force))
