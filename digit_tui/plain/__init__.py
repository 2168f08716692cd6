"""The front end for screen readers, simple terminals and pipes: it reads and writes lines."""

from __future__ import annotations

import sys

from digit_tui.plain.lines import LineReader
from digit_tui.plain.session import Session
from digit_tui.session.notify_choice import Notify
from digit_tui.session.output import Output
from digit_tui.training.run_request import RunRequest


def run_plain(request: RunRequest, notify: Notify | None = None) -> int:
    """Train, steered by the lines of standard input; returns the exit status.

    Args:
        request: which run.
        notify: how to tell that it has ended; None does not.
    """
    typed = is_terminal(sys.stdin)
    session = Session(
        request,
        LineReader(sys.stdin),
        Output(),
        terminal=typed,
        prompt=typed and is_terminal(sys.stdout),
        notify=notify,
    )
    with session.signals:
        session.converse()
        return session.close()


def is_terminal(stream: object) -> bool:
    """Whether a standard stream is open and a terminal."""
    return stream is not None and not stream.closed and stream.isatty()  # type: ignore[attr-defined]
