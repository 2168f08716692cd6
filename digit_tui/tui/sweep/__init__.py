"""The screen of a sweep: an app of its own, which looks at a study and steers its workers.

A thread looks at the sweep about once a second (poller.py) and hands over a snapshot (`Board`); the
view on screen draws it (trials.py, best.py, settings.py), and sends only the rows that changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from digit_tui.session.exit_status import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

    from digit_tui.tui.sweep.control import SweepControl

LOOK_SECONDS = 1.0
"""From one look at the sweep to the next."""


def run_sweep_app(
    control: SweepControl,
    fps: float | None = None,
    theme: str | None = None,
    keys: Path | None = None,
) -> int:
    """Show a sweep until it is left; returns the exit status.

    The workers of this machine have ended then, or have been told to.

    Args:
        control: of the sweep.
        fps: looks in a second; None for the default.
        theme: one of the program's own; None for the last one chosen.
        keys: file with the user's keys; None, or one that is not there, leaves all as they are.
    """
    from digit_tui.tui import read_keymap, run_app_of, show_saved
    from digit_tui.tui.sweep.app import SweepApp
    from digit_tui.tui.sweep.poller import Poller
    from digit_tui.tui.terminal.stdio_capture import StdioCapture

    keymap = read_keymap(keys)
    if keymap is None:
        control.leave()
        return ExitStatus.USAGE
    stdio = StdioCapture()
    stdio.divert()  # before the app is made: its driver draws on what is `sys.stderr` then
    poller = Poller(control, LOOK_SECONDS if fps is None else 1 / fps)
    poller.start()
    model = None
    try:
        while True:
            app = SweepApp(control, poller, stdio, model)
            status = run_app_of(app, theme, keymap)
            if app.opens is None:
                return status
            model = app.model
            number, run = app.opens
            status, trouble = show_saved(run, False, fps, stdio, theme, keymap)
            if status >= ExitStatus.SIGNALLED:  # a signal has ended it: the sweep too
                control.leave()
                return status
            if trouble:
                model.listing.choose(number)
                model.notes.append(trouble)
    finally:
        poller.end()
        stdio.restore()
