"""What is settled before an interface takes the terminal of this process."""

from __future__ import annotations

from digit_tui.tui import app, replay, window
from digit_tui.tui.words import WORDS


def prepare(draws: float) -> None:
    """Make ready for an interface.

    Args:
        draws: how often charts are drawn, at most, in a second.
    """
    window.DRAW_SECONDS = 1 / draws
    # What is drawn more often must be looked for more often.
    app.POLL_SECONDS = min(app.POLL_SECONDS, window.DRAW_SECONDS)
    replay.FRAME_SECONDS = min(replay.FRAME_SECONDS, window.DRAW_SECONDS)
    WORDS.divert()
