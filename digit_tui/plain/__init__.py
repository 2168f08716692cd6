"""The front end for screen readers, simple terminals and pipes: a line in, whole lines out."""

from __future__ import annotations

import sys

from digit_tui.plain.lines import Reader
from digit_tui.plain.session import Session
from digit_tui.session.output import Output
from digit_tui.training.run_request import RunRequest


def run_plain(request: RunRequest) -> int:
    """Train, and obey the lines of standard input; returns the exit status.

    Args:
        request: which run.
    """
    typed = is_terminal(sys.stdin)
    session = Session(
        request,
        Reader(sys.stdin),
        Output(),
        terminal=typed,
        prompt=typed and is_terminal(sys.stdout),
    )
    with session.signals:
        session.converse()
        return session.close()


def is_terminal(stream: object) -> bool:
    """Whether a person is at the other end of a standard stream."""
    return stream is not None and not stream.closed and stream.isatty()  # type: ignore[attr-defined]
