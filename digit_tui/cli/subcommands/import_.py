"""`digit-tui import`: a run that begins with the weights of a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from digit_tui.cli.options import make_config, run_options, warn_of_threads
from digit_tui.cli.saved_run_options import JSON
from digit_tui.cli.sections import OF_A_RUN, SectionedCommand

OPTIONS = {
    "File": ("mean", "std"),
    "Saved run": ("folder", "as_json"),
    "What it is trained with": OF_A_RUN,
    "Other": ("help",),
}
"""The names of the parameters of an import, as click has them."""


class ImportCommand(SectionedCommand):
    """The command, with its help in sections."""

    sections = OPTIONS


@click.command("import", cls=ImportCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mean",
    type=float,
    metavar="X",
    help="Mean that pixels of 0 to 1 were normalised with, such as 0.1307 of PyTorch's MNIST "
    "examples; with --std.",
)
@click.option(
    "--std", type=float, metavar="X", help="Standard deviation of the same, such as 0.3081."
)
@click.option(
    "--run",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder to save the run in (a new one in the state directory).",
)
@JSON
@run_options
@click.pass_context
def import_(
    context: click.Context,
    /,
    file: Path,
    mean: float | None,
    std: float | None,
    folder: Path | None,
    as_json: bool,
    preset: str,
    **options: Any,
) -> None:
    """Begin a run with the weights of a FILE: .onnx, .safetensors or .npz.

    It must be a fully connected network with ReLU between its layers, which reads square images.
    The run is saved before its first step: look at its mistakes, or train it further.
    """
    if (mean is None) != (std is None):
        raise click.UsageError("--mean and --std need each other")
    from digit_tui.cli.import_network import import_network

    if context.get_parameter_source("threads") is ParameterSource.COMMANDLINE:
        warn_of_threads(options["threads"])
    config = make_config(preset, options)
    side = None if options["side"] is None else config.side
    normalisation = None if mean is None or std is None else (mean, std)
    sys.exit(import_network(file, normalisation, folder, as_json, config, side))


# The layers are those of the file.
import_.params = [each for each in import_.params if each.name != "hidden"]
