"""The terminal front end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.exit_watchdog import SAVE_SECONDS
from digit_tui.session.output import discard_output
from digit_tui.storage.run_index import last_interrupted
from digit_tui.training.run_request import RunRequest

if TYPE_CHECKING:
    from digit_tui.tui.job_control import JobControlApp

SWITCH_SECONDS = 0.0005
"""Longest time that one thread keeps the interpreter while the other wants it."""


def run_tui(request: RunRequest, offer: bool = False) -> int:
    """Open the terminal interface on a run; returns the exit status.

    Args:
        request: which run.
        offer: ask whether to go on with the last run instead, if it was interrupted.
    """
    from digit_tui.tui.app import DigitApp

    return _show(DigitApp(request, last_interrupted() if offer else None))


def run_replay(request: RunRequest) -> int:
    """Show a saved run again; returns the exit status.

    Args:
        request: the run to repeat.
    """
    from digit_tui.tui.replay import ReplayApp

    return _show(ReplayApp(request))


def _show(app: JobControlApp) -> int:
    from digit_tui.tui.terminal.watchdog import Watchdog

    # The training thread asks for the interpreter after each call of NumPy. With Python's usual
    # 5 ms it would wait that long for the interface, and the worker processes with it.
    sys.setswitchinterval(SWITCH_SECONDS)
    with Watchdog(tell=app.interrupt, saved=app.wait_saved):
        app.run()
    app.stop_run()  # an interface that crashed has left it behind
    app.wait_saved(SAVE_SECONDS)
    if app.farewell:
        try:
            print(app.farewell, file=sys.stderr, flush=True)
        except OSError:  # the terminal is gone
            discard_output(sys.stderr)
    if app.ended_by is not None:
        return ExitStatus.SIGNALLED + app.ended_by
    # An app that crashed in its input thread leaves no return code: that is no success.
    return 1 if app.return_code is None else app.return_code
