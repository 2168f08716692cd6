"""Whether the terminal interface can run here."""

from __future__ import annotations

import os
import sys

import click

from digit_tui.session.exit_status import ExitStatus


def require_terminal(instead: str | None = None) -> None:
    """End the program if the terminal interface cannot run.

    Args:
        instead: what can be done without a screen; None for a run that is to be trained.
    """
    trouble = no_terminal()
    if trouble:
        if instead is None:
            instead = "to train without a screen, use --batch"
            if sys.stdin is not None and not sys.stdin.closed:
                instead += ", or --plain to steer it by lines"
        click.echo(f"digit-tui: {trouble}; {instead}", err=True)
        sys.exit(ExitStatus.USAGE)


def no_terminal() -> str | None:
    """Why the terminal interface cannot run here, or None if it can."""
    for name, stream in (("standard input", sys.stdin), ("standard error", sys.stderr)):
        if stream is None or stream.closed or not stream.isatty():
            return f"{name} is not a terminal"
    if sys.platform != "win32" and os.environ.get("TERM", "") in ("", "dumb", "unknown"):
        return f"TERM={os.environ.get('TERM', '')} is not a terminal to draw on"
    return None
