"""`digit-tui predict`: what a saved network reads in picture files."""

from __future__ import annotations

import sys

import click

from digit_tui.cli.completion_types import SAVED_RUN
from digit_tui.cli.saved_run_options import BEST, RUN, WITH


@click.command()
@RUN
@click.argument("files", type=click.Path(), metavar="FILE...", nargs=-1)
@click.option("--single", is_flag=True, help="Each picture is of one digit.")
@click.option("--draw", is_flag=True, help="Also draw each digit as the network saw it.")
@click.option("--always", is_flag=True, help='Always one digit, never "2 or 7" or "not a digit".')
@WITH
@BEST
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each file.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV, with a line of headings.")
def predict(
    run: str,
    files: tuple[str, ...],
    single: bool,
    draw: bool,
    always: bool,
    others: tuple[str, ...],
    best: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Read the digits in picture FILEs with the network of a RUN; - is standard input."""
    if as_json + as_csv + draw > 1:
        raise click.UsageError("--json, --csv or --draw: only one of them")
    if not files:
        raise click.UsageError(f"no FILE after the RUN {run!r}. {SAVED_RUN}")
    from digit_tui.cli.predict import predict_files

    form = "json" if as_json else "csv" if as_csv else "text"
    sys.exit(predict_files((run, *others), files, single, best, draw, form, always))
