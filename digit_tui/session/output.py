"""What the commands without a screen print, on streams that may go away."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TextIO

from digit_tui.data import printable
from digit_tui.session.exit_status import ExitStatus


def print_error(message: str) -> None:
    """One line on stderr, whatever has become of stderr."""
    if sys.stderr is None:  # closed by the parent; print would take stdout instead
        return
    with contextlib.suppress(OSError):
        print(f"digit-tui: {printable(message)}", file=sys.stderr, flush=True)


def discard_output(stream: TextIO) -> None:
    """A stream has failed: what is still in it, and what comes, goes nowhere.

    The interpreter flushes once more when it ends; it would print_error, and end with status 120.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@dataclass
class Output:
    """Standard output, which may go away while the run goes on."""

    status: ExitStatus | None = None
    """Why nothing more can be written: CLOSED_PIPE or DISK."""

    def line(self, text: str, end: str = "\n") -> None:
        """Write a line at once, or what else is to be the end of it."""
        if self.status is not None:
            return
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        try:  # what standard output has no character for becomes a question mark
            print(text.encode(encoding, "replace").decode(encoding), end=end, flush=True)
        except OSError as error:
            closed = isinstance(error, BrokenPipeError)
            self.status = ExitStatus.CLOSED_PIPE if closed else ExitStatus.DISK
            if not closed:
                print_error(f"cannot write to standard output: {error.strerror}")
            discard_output(sys.stdout)
