"""Why a run cannot begin or go on: a line for people, and an exit status."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from digit_tui.data import DataError, printable, reason_of
from digit_tui.engine.worker_processes import WorkerPoolError
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.output import print_error
from digit_tui.storage.errors import RunError, RunTaken

P = ParamSpec("P")

EXPECTED = (DataError, RunError, WorkerPoolError, OSError)
"""Errors that are not a fault of the program."""


@dataclass(frozen=True, eq=False)
class Failed:
    """The run cannot begin or go on."""

    status: int
    """What the program should exit with."""
    message: str
    """One line for people."""
    details: str | None = None
    """A traceback, or where it is, if it is a fault of the program."""

    @property
    def lines(self) -> list[str]:
        """What people are told."""
        if self.details is None:
            return [self.message]
        return [self.message, "a fault of digit-tui itself:", *self.details.splitlines()]

    @property
    def text(self) -> str:
        """The lines as the program prints them."""
        return "\n".join(f"digit-tui: {printable(line)}" for line in self.lines)


def failure_of(error: Exception, folder: Path | None = None, action: str = "write") -> Failed:
    """What an error means for the person and for the exit status.

    Args:
        error: what was raised.
        folder: of the run, for an OSError that names no file.
        action: what could not be done to the file, if it is an OSError.
    """
    match error:
        case DataError():
            return Failed(ExitStatus.DATA, printable(str(error)))
        case RunError():
            status = ExitStatus.USAGE if isinstance(error, RunTaken) else ExitStatus.DATA
            return Failed(status, printable(str(error)))
        case WorkerPoolError():
            return Failed(ExitStatus.FAILURE, str(error))
        case OSError():
            where = printable(str(error.filename or folder or "the run"))
            return Failed(ExitStatus.DISK, f"cannot {action} {where}: {reason_of(error)}")
        case _:
            message = printable(f"{type(error).__name__}: {error}")
            details = "".join(traceback.format_exception(error))
            return Failed(ExitStatus.FAILURE, message, details)


def print_failure(failed: Failed) -> int:
    """Print it on stderr; returns the exit status."""
    for line in failed.lines:
        print_error(line)
    return failed.status


def reports_failures(command: Callable[P, int]) -> Callable[P, int]:
    """Have a command print why a run or a dataset cannot be read, and return that exit status."""

    @wraps(command)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return command(*args, **kwargs)
        except (DataError, RunError) as error:
            return print_failure(failure_of(error))

    return reporting
