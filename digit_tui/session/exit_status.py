"""Exit statuses of the program, as the command line promises them."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    DONE = 0
    FAILURE = 1
    USAGE = 2
    """Wrong options, or no terminal for the terminal interface."""
    DATA = 3
    """Bad data, or a bad checkpoint."""
    DIVERGED = 4
    TARGET_MISSED = 5
    DISK = 74
    """A file could not be written (EX_IOERR of sysexits.h)."""
    SIGNALLED = 128
    """To this the number of the signal that ended the program is added."""
    CLOSED_PIPE = 141
    """The reader of stdout went away (128 + SIGPIPE)."""
