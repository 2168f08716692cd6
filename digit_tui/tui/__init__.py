"""The terminal front end."""

from __future__ import annotations

from pathlib import Path

from digit_tui.config import RunConfig


def run_tui(config: RunConfig, folder: Path | None) -> int:
    """Open the terminal interface on a run; returns the exit status.

    Args:
        config: how the run goes.
        folder: where it is saved; None is a fresh folder in the state directory.
    """
    from digit_tui.tui.app import DigitApp

    app = DigitApp(config, folder)
    app.run()
    # An app that crashed in its input thread leaves no return code: that is no success.
    return 1 if app.return_code is None else app.return_code
