"""`digit-tui export`: the network of a saved run as a file for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from digit_tui.cli.saved_run_options import BEST, JSON, RUN, WITH


@click.command()
@RUN
@click.argument("file", type=click.Path(path_type=Path))
@WITH
@BEST
@click.option(
    "--average/--no-average",
    default=None,
    help="The averaged weights, or those that training goes on with (averaged, if the run keeps an "
    "average: those are what evaluate measures).",
)
@click.option("--force", is_flag=True, help="Replace any file, unless it is a run's.")
@JSON
def export(
    run: str,
    file: Path,
    others: tuple[str, ...],
    best: bool,
    average: bool | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write the network of a RUN to a FILE: .onnx, .safetensors, .npz or .py.

    The end of its name says which: ONNX; PyTorch's own layout; NumPy arrays; or a Python file that
    predicts with NumPy alone, with its weights beside it.
    """
    from digit_tui.cli.export_network import export_network

    sys.exit(export_network((run, *others), file, best, average, force, as_json))
