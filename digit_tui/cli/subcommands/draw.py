"""`digit-tui draw`: digits of one's own, read by a saved network."""

from __future__ import annotations

import sys

import click

from digit_tui.cli.completion_types import RUN_NAME
from digit_tui.cli.config_source import keys_path
from digit_tui.cli.options import FPS, THEME
from digit_tui.cli.saved_run_options import MOVED_DATA
from digit_tui.cli.saved_runs import saved_request
from digit_tui.cli.terminal import require_terminal


@click.command()
@click.argument("run", type=RUN_NAME, default="last")
@MOVED_DATA
@FPS
@THEME
@click.pass_context
def draw(
    context: click.Context, /, run: str, data: str | None, fps: float | None, theme: str | None
) -> None:
    """Draw digits in the terminal interface, and see what the network of a RUN reads.

    RUN is the one used last if it is not named. It is not trained on, and its folder stays as
    it is.
    """
    require_terminal("without a screen, digit-tui predict RUN FILE reads pictures")
    request = saved_request(run, "--replay", None, {} if data is None else {"data": data})

    from digit_tui.session.failures import reports_failures
    from digit_tui.tui import run_draw

    sys.exit(reports_failures(run_draw)(request, fps, theme, keys_path(context)))
