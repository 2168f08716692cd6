"""Reports of faults of the program itself: a file in the state directory, beside the runs."""

from __future__ import annotations

import platform
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from digit_tui import __version__
from digit_tui.data import printable
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import Failed
from digit_tui.storage.run_files import error_report

MAX_BYTES = 1_000_000
"""A longer file is begun anew."""
MESSAGE_CHARACTERS = 120
"""The message of an error is cut to so many characters of its first line."""


@dataclass(frozen=True)
class Fault:
    """An error that should not have happened."""

    message: str
    """Its kind and its message, in one line."""
    path: str | None
    """Where the report is, safe to print; None if it could not be written."""
    details: str
    """The traceback, and why the report could not be written, if so."""

    @property
    def where(self) -> str:
        """Where the report is, for a line of a log."""
        return "no report could be written" if self.path is None else f"report: {self.path}"

    @property
    def failed(self) -> Failed:
        """What is told if the program ends for it: the traceback only if nothing else holds it."""
        details = self.details if self.path is None else f"the report is in {self.path}"
        return Failed(ExitStatus.FAILURE, self.message, details)


def report_fault(error: Exception, circumstances: str) -> Fault:
    """Append an error to the report.

    Args:
        error: what was raised.
        circumstances: what was on the screen, in a line.
    """
    first_line = (str(error).splitlines() or [""])[0][:MESSAGE_CHARACTERS]
    message = printable(f"{type(error).__name__}: {first_line}".removesuffix(": "))
    lines = "".join(traceback.format_exception(error)).splitlines()
    heading = (
        f"{datetime.now().isoformat(' ', 'seconds')}, digit-tui {__version__}, "
        f"Python {platform.python_version()}, {platform.system()}: {circumstances}"
    )
    path: Path | None = error_report()
    try:
        _append(error_report(), "\n".join([*map(printable, [heading, *lines]), "", ""]))
    except OSError as trouble:
        lines.append(f"no report of it: {trouble.strerror}: {path}")
        path = None
    return Fault(message, None if path is None else printable(str(path)), "\n".join(lines))


def _append(path: Path, text: str) -> None:
    """Raises OSError if the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    long = path.exists() and path.stat().st_size > MAX_BYTES
    with open(path, "w" if long else "a", encoding="utf-8", errors="replace") as file:
        file.write(text)
