"""`digit-tui inspect`: what is inside a saved network."""

from __future__ import annotations

import sys

import click

from digit_tui.cli.saved_run_options import BEST, DATA, JSON, RUN


@click.command()
@RUN
@DATA
@BEST
@click.option(
    "--layer",
    type=click.IntRange(1),
    metavar="L",
    help="Also show the distributions in this layer, counted from 1.",
)
@click.option(
    "--unit",
    type=click.IntRange(0),
    metavar="N",
    help="With --layer: also show this unit of it, counted from 0.",
)
@click.option("--gradient-check", is_flag=True, help="Also check the gradient against differences.")
@JSON
def inspect(
    run: str,
    data: str | None,
    best: bool,
    layer: int | None,
    unit: int | None,
    gradient_check: bool,
    as_json: bool,
) -> None:
    """Show the network of a RUN layer by layer: weights, gradients, activations."""
    from digit_tui.cli.inspect_run import inspect_run

    sys.exit(inspect_run(run, data, best, layer, unit, gradient_check, as_json))
