"""`digit-tui lr-find`: which learning rates a network learns at."""

from __future__ import annotations

import sys
from typing import Any

import click
from click.core import ParameterSource

from digit_tui.cli.completion_types import RUN_NAME
from digit_tui.cli.options import make_config, run_options
from digit_tui.cli.saved_run_options import JSON


@click.command("lr-find")
@run_options
@click.option(
    "--resume",
    type=RUN_NAME,
    metavar="RUN",
    help="Test a saved run as it is, instead of a fresh one.",
)
@click.option("--best", is_flag=True, help="With --resume: its best checkpoint, not the last.")
@JSON
@click.pass_context
def lr_find(
    context: click.Context,
    /,
    preset: str,
    resume: str | None,
    best: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Find a learning rate: train a copy at rising rates, and see where its loss falls."""
    from digit_tui.cli import lr_find as command

    if resume is None:
        if best:
            raise click.UsageError("--best needs --resume")
        sys.exit(command.find_for_config(make_config(preset, options), as_json))
    from digit_tui.cli.saved_runs import saved_request

    given = {
        name: value
        for name, value in {"preset": preset, **options}.items()
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    sys.exit(command.find_for_run(saved_request(resume, "--resume", None, given), best, as_json))
