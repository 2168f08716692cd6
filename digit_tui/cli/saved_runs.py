"""Opening saved runs by name. What is needed to read them is imported when one is opened."""

from __future__ import annotations

import string
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digit_tui.config import ConfigError, absolute_data, available_processors, flag_of

if TYPE_CHECKING:
    from digit_tui.storage.saved_run import SavedRun
    from digit_tui.training.run_request import RunRequest

LETTERS = string.ascii_uppercase
"""Names of several runs in the output: their own are too long for a table."""


def read_run(name: str) -> SavedRun:
    """The saved run in a folder, or of a name; see `find_run`. Which one is last is told on stderr.

    Raises:
        RunError: if there is none, or it cannot be read.
    """
    from digit_tui.session.output import print_error
    from digit_tui.storage.run_index import LAST, find_run
    from digit_tui.storage.saved_run import SavedRun

    path = find_run(name)
    if name == LAST != path.name:  # a folder of that name goes before
        print_error(f"last is {path.name}")
    return SavedRun.read(path)


def saved_request(name: str, flag: str, folder: Path | None, given: dict[str, Any]) -> RunRequest:
    """Open a saved run to resume it or to repeat it; ends the program if it cannot be read.

    Args:
        name: its folder, or its name; see `find_run`.
        flag: --resume or --replay.
        folder: where a repetition is saved.
        given: options on the command line; the dataset may have moved since, and --threads is now
            how many processes share the work: all else must be as it was.

    Raises:
        click.UsageError: if an option differs from the run's, or is out of its range.
    """
    from digit_tui.cli.config_report import option_words
    from digit_tui.run.settings import Settings
    from digit_tui.session.failures import failure_of, print_failure
    from digit_tui.session.output import print_error
    from digit_tui.storage.errors import RunError
    from digit_tui.storage.run_index import find_run
    from digit_tui.training.run_request import replay_request, resume_request

    try:
        path = find_run(name)
        request = resume_request(path) if flag == "--resume" else replay_request(path, folder)
    except RunError as error:
        sys.exit(print_failure(failure_of(error)))
    data, threads = given.pop("data", None), given.pop("threads", None)
    for option, value in given.items():
        before = getattr(request.config, option)
        if value != before:
            given_name = flag_of(option)
            has, asked = (option_words(given_name, each) for each in (before, value))
            live = flag == "--resume" and option in {each.name for each in fields(Settings)}
            way = ": set it when the run is open, on the screen or in --plain" if live else ""
            raise click.UsageError(
                f"{flag}: the run has --{given_name} {has}, not {asked}; leave it out{way}"
            )
    if data is not None:
        try:
            data = absolute_data(data)
        except ConfigError as error:
            raise click.UsageError(f"--data: {error}") from error
        request = replace(request, config=request.config.with_(data=data))
    divided = request.config.threads
    if threads is None:
        threads = min(divided, available_processors())
    else:
        try:
            request.config.with_(threads=threads)  # checks the range
        except ConfigError as error:
            raise click.UsageError(f"--threads: {error}") from error
        if threads > divided:
            print_error(
                f"--threads {threads}: the steps of this run are divided among {divided}, "
                "and cannot use more"
            )
    return replace(request, processes=min(threads, divided))
