"""The front end for screen readers, simple terminals and pipes: it reads and writes lines."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping

from digit_tui.data import printable
from digit_tui.plain.lines import LineReader
from digit_tui.plain.session import Session
from digit_tui.session.notify_choice import Notify
from digit_tui.session.output import Output
from digit_tui.storage.run_index import last_interrupted, run_name
from digit_tui.training.run_request import RunRequest


def run_plain(
    request: RunRequest,
    asked: Mapping[str, object] | None = None,
    notify: Notify | None = None,
) -> int:
    """Train, steered by the lines of standard input; returns the exit status.

    Args:
        request: which run.
        asked: the options that were given. If the last run has them and has not finished, a person
            is told how to go on with it; None does not look.
        notify: how to tell that it has ended; None does not.
    """
    typed, output = is_terminal(sys.stdin), Output()
    last = last_interrupted(asked) if typed and asked is not None else None
    if last is not None:
        run = shlex.quote(printable(run_name(last.path)))
        output.line(
            f"the last run has not finished: digit-tui --plain --resume {run} goes on with it"
        )
    session = Session(
        request,
        LineReader(sys.stdin),
        output,
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
