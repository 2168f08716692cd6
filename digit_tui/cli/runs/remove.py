"""`digit-tui runs rm`: removes saved runs, and no other files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from digit_tui.cli.runs.text import human_size, print_lines
from digit_tui.data import printable
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import failure_of, print_failure
from digit_tui.session.output import Output, print_error
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_index import check_removable, find_run, remove_run, size_of


def remove_runs(names: Sequence[str], sure: bool) -> int:
    """Remove runs; returns the exit status of the first one that could not be removed.

    Args:
        names: see `find_run`.
        sure: do not ask.
    """
    if not sure and not can_ask():
        print_error("runs rm can ask only on a terminal: to remove without asking, add --yes")
        return ExitStatus.USAGE
    troubles: list[int] = []
    folders: dict[Path, str] = {}
    for name in names:
        try:
            folder = find_run(name).resolve()
            check_removable(folder)
            folders[folder] = f"{folder} ({human_size(size_of(folder))})"
        except RunError as error:
            troubles.append(_trouble(error))
    if folders and not sure:
        question = f"Remove {', '.join(folders.values())}?"
        if not confirmed(printable(question)):
            folders = {}
    output = Output()
    for folder, words in folders.items():
        try:
            left = remove_run(folder)
        except (OSError, RunError) as error:
            troubles.append(_trouble(error))
            continue
        kept = f"; {folder} keeps files that belong to no run: {', '.join(left)}" if left else ""
        print_lines(output, [f"Removed {words}{kept}"])
    return next(iter(troubles), output.status or ExitStatus.DONE)


def confirmed(question: str) -> bool:
    """Ask on the terminal until the answer is yes or no; no answer is no."""
    while True:
        prompt = f"{question} [y/N]"
        answer = click.prompt(prompt, default="", show_default=False, err=True).strip().lower()
        if answer in ("y", "yes"):
            return True
        if answer in ("", "n", "no"):
            return False
        click.echo("Answer y for yes or n for no.", err=True)


def can_ask() -> bool:
    """Whether a person can see the question and answer it."""
    return all(
        stream is not None and not stream.closed and stream.isatty()
        for stream in (sys.stdin, sys.stderr)
    )


def _trouble(error: OSError | RunError) -> int:
    """Print why a run was not removed; returns the exit status."""
    return print_failure(failure_of(error, action="remove"))
