"""`digit-tui replay`: a saved run, watched again."""

from __future__ import annotations

import sys

import click

from digit_tui.cli.config_source import keys_path
from digit_tui.cli.options import FPS, THEME
from digit_tui.cli.saved_run_options import MOVED_DATA, RUN
from digit_tui.cli.saved_runs import saved_request
from digit_tui.cli.terminal import require_terminal


@click.command()
@RUN
@MOVED_DATA
@FPS
@THEME
@click.pass_context
def replay(
    context: click.Context, /, run: str, data: str | None, fps: float | None, theme: str | None
) -> None:
    """Replay a RUN in the terminal interface, with all its commands."""
    require_terminal("without a screen, digit-tui --batch --replay RUN repeats it")
    request = saved_request(run, "--replay", None, {} if data is None else {"data": data})
    from digit_tui.cli.loading import prepare_pictures

    prepare_pictures(request.config.data)
    from digit_tui.tui import run_replay

    sys.exit(run_replay(request, fps, theme, keys_path(context)))
