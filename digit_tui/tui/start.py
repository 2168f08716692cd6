"""What is settled before an interface takes the terminal of this process."""

from __future__ import annotations

from digit_tui.tui import app, replay
from digit_tui.tui import run_app as window
from digit_tui.tui.terminal.stdio_capture import STDIO


def prepare(draws: float | None) -> None:
    """Make ready for an interface.

    Args:
        draws: how often charts are drawn in a second, whatever that costs; None leaves it to the
            interface.
    """
    if draws is not None:
        window.DRAW_SECONDS, window.DRAW_SHARE = 1 / draws, window.ANY_SHARE
        # What is drawn more often must be looked for more often.
        app.POLL_SECONDS = min(app.POLL_SECONDS, window.DRAW_SECONDS)
        replay.FRAME_SECONDS = min(replay.FRAME_SECONDS, window.DRAW_SECONDS)
    STDIO.divert()
