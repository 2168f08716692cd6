"""Where a page goes: into a file, or to standard output."""

from __future__ import annotations

from pathlib import Path

from digit_tui.data import printable, reason_of
from digit_tui.export.page_target import check_target, write_page
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.output import Output, print_error

STDOUT = Path("-")


def page_refused(path: Path, force: bool) -> int:
    """Print why a page may not be written there; returns the exit status, 0 if it may be."""
    if path == STDOUT:
        return 0
    try:
        check_target(path, force)
    except OSError as error:
        return not_written(path, error)
    return 0


def put_page(output: Output, path: Path, content: str, what: str, force: bool) -> int:
    """Write a page to a file or to standard output; returns the exit status.

    Args:
        output: standard output.
        path: where; "-" is standard output.
        content: the page.
        what: it has, for the line that says so.
        force: let it replace a file that is no page.
    """
    if path == STDOUT:
        output.line(content, end="")
    else:
        try:
            write_page(path, content, force)
        except OSError as error:
            return not_written(path, error)
        output.line(f"Wrote {what} to {printable(str(path))}")
    return output.status or ExitStatus.DONE


def not_written(path: Path, error: OSError) -> int:
    """Print why a file cannot be written; returns the exit status."""
    print_error(f"cannot write {path}: {reason_of(error)}")
    return ExitStatus.USAGE if isinstance(error, FileExistsError) else ExitStatus.DISK
