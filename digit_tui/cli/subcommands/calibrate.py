"""`digit-tui calibrate`: how sure a saved network may be."""

from __future__ import annotations

import sys

import click
from click.core import ParameterSource

from digit_tui.cli.saved_run_options import BEST, JSON, RUN


@click.command()
@RUN
@BEST
@click.option(
    "--folds",
    type=click.IntRange(1, 5),
    default=1,
    show_default=True,
    help="Copies to train, each without another fifth of the training set; for runs without "
    "--validation.",
)
@click.option("--remove", is_flag=True, help="Remove what was fitted; alone.")
@JSON
@click.pass_context
def calibrate(
    context: click.Context, /, run: str, best: bool, folds: int, remove: bool, as_json: bool
) -> None:
    """Fit how sure the network of a RUN may be, on digits that it was not trained on."""
    from digit_tui.cli import calibrate as command

    if remove:
        given = context.get_parameter_source("folds") is not ParameterSource.DEFAULT
        if best or as_json or given:
            raise click.UsageError("--remove goes without other options")
        sys.exit(command.remove(run))
    sys.exit(command.calibrate_run(run, best, folds, as_json))
