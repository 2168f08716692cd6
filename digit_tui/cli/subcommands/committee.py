"""`digit-tui committee`: several saved runs predict together."""

from __future__ import annotations

import sys

import click
from click.core import ParameterSource

from digit_tui.cli.completion_types import DATA_NAME, RUN_NAME
from digit_tui.cli.config_source import keys_path
from digit_tui.cli.options import FPS, THEME
from digit_tui.cli.saved_run_options import BEST, JSON
from digit_tui.cli.terminal import require_terminal


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
@click.option("--show", is_flag=True, help="Show it on the screen, with the digits it gets wrong.")
@FPS
@THEME
@click.pass_context
def committee(
    context: click.Context,
    /,
    names: tuple[str, ...],
    data: str | None,
    best: bool,
    as_json: bool,
    show: bool,
    fps: float | None,
    theme: str | None,
) -> None:
    """Measure RUNs that predict together, by the mean of their probabilities."""
    if show:
        if as_json:
            raise click.UsageError("--json or --show: only one of them")
        require_terminal("without --show it is told in lines")
        from digit_tui.cli.committee import show_committee

        sys.exit(show_committee(names, data, best, fps, theme, keys_path(context)))
    for name in ("fps", "theme"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} is for --show only")
    from digit_tui.cli.committee import measure_committee

    sys.exit(measure_committee(names, data, best, as_json))
