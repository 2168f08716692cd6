"""The screen of a committee: an app of its own, with the views of one evaluation that fit it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digit_tui.session.exit_status import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

    from digit_tui.session.committee import JointEvaluation


def run_committee_app(
    committee: JointEvaluation,
    best: bool,
    fps: float | None = None,
    theme: str | None = None,
    keys: Path | None = None,
) -> int:
    """Show a committee, and the runs of it that are opened; returns the exit status.

    Args:
        committee: and its members, evaluated.
        best: whether its members are the best checkpoints of their runs.
        fps: how often charts of a member are drawn in a second; None for the default.
        theme: one of the program's own; None for the last one chosen.
        keys: file with the user's keys; None, or one that is not there, leaves all as they are.
    """
    from digit_tui.tui import read_keymap, run_app_of, show_saved
    from digit_tui.tui.committee.app import CommitteeApp
    from digit_tui.tui.terminal.stdio_capture import StdioCapture

    keymap = read_keymap(keys)
    if keymap is None:
        return ExitStatus.USAGE
    stdio = StdioCapture()
    stdio.divert()  # before the app is made: its driver draws on what is `sys.stderr` then
    chosen, trouble = 0, ""
    try:
        while True:
            app = CommitteeApp(committee, stdio, chosen, trouble)
            status = run_app_of(app, theme, keymap)
            if app.opens is None:
                return status
            chosen = app.opens
            run = committee.members[chosen].saved.path
            status, trouble = show_saved(run, best, fps, stdio, theme, keymap)
            if status >= ExitStatus.SIGNALLED:
                return status
    finally:
        stdio.restore()
