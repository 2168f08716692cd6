"""Printing to standard output and standard error, which may be closed."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TextIO

from digit_tui.data import printable, reason_of
from digit_tui.session.exit_status import ExitStatus


def print_error(message: str) -> None:
    """Print one line on stderr; does nothing if stderr is closed."""
    if sys.stderr is None:  # closed by the parent; print would take stdout instead
        return
    with contextlib.suppress(OSError):
        print(f"digit-tui: {printable(message)}", file=sys.stderr, flush=True)


def discard_output(stream: TextIO) -> None:
    """Discard what a failed stream still holds, and what will be written to it.

    The interpreter flushes it again at exit, and would complain and exit with status 120.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@dataclass
class Output:
    """Standard output, which may be closed while the run goes on."""

    status: ExitStatus | None = None
    """Why nothing can be written any more: CLOSED_PIPE or DISK."""

    def line(self, text: str, end: str = "\n") -> None:
        """Write a line at once; `end` is written after it."""
        if self.status is not None:
            return
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        try:  # a character that the encoding lacks becomes a question mark
            print(text.encode(encoding, "replace").decode(encoding), end=end, flush=True)
        except OSError as error:
            closed = isinstance(error, BrokenPipeError)
            self.status = ExitStatus.CLOSED_PIPE if closed else ExitStatus.DISK
            if not closed:
                print_error(f"cannot write to standard output: {reason_of(error)}")
            discard_output(sys.stdout)
