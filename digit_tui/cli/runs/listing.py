"""`digit-tui runs`: the runs in the state directory."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from digit_tui.cli.runs.text import aligned, human_size, network_words, print_lines
from digit_tui.data import printable
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.storage.run_files import runs_folder
from digit_tui.storage.run_index import ELLIPSIS, list_runs, size_of
from digit_tui.storage.run_summary import RunSummary

LONGEST = 16
"""Characters for the name of a dataset, which may be that of any folder."""
SHORTEST = len("2026-11-28_07-44-07")
"""Characters of a run's name that are shown in any case."""


VALIDATION = "v"
"""Marks an accuracy on the validation set."""
TO = "→"
"""Stands before the epoch to which a run was on its way back when it was left."""


@reports_failures
def print_runs(as_json: bool) -> int:
    """Print the saved runs, the one used last beside the prompt; returns the exit status.

    Args:
        as_json: print one JSON object a line instead of a table.
    """
    output = Output()
    runs, complaints = list_runs()
    for complaint in complaints:
        print_error(complaint)
    if as_json:
        for run in runs:
            output.line(json.dumps(summary(run), allow_nan=False))
    elif runs:
        print_lines(output, table(runs))
        if any(VALIDATION in _best(run) for run in runs):
            print_error(f"best: {VALIDATION} is the accuracy on digits that the run held out")
        if any(run.aim is not None for run in runs):
            print_error(f"epochs: {TO} is where a run goes back to, as soon as it is resumed")
    elif not complaints:
        print_lines(output, [f"No run is saved yet; they would be in {runs_folder()}"])
    return output.status or (ExitStatus.DATA if complaints else ExitStatus.DONE)


def summary(run: RunSummary) -> dict[str, Any]:
    """A run as JSON values."""
    return {
        "name": run.saved.path.name,
        "run": str(run.saved.path),
        "started": run.started.isoformat(),
        "data": run.saved.data,
        "network": run.network,
        **{
            f"best_{split}_accuracy": run.best[1]
            if run.best and run.monitored_split == split
            else None
            for split in ("test", "validation")
        },
        "epochs": run.epochs,
        "planned_epochs": run.settings.epochs,
        "state": run.saved.state(),
        "bytes": size_of(run.saved.path),
    }


def table(runs: Sequence[RunSummary]) -> list[str]:
    """A row for each run, its name last; with fewer columns where a terminal is narrow."""
    columns: dict[str, list[str]] = {
        "started": [f"{run.started:%Y-%m-%d %H:%M}" for run in runs],
        "data": [_cut(printable(str(run.saved.record["data"]["name"])), LONGEST) for run in runs],
        "network": [network_words(run) for run in runs],
        "optimizer": [run.settings.optimizer for run in runs],
        "best": [_best(run) for run in runs],
        "epochs": [_epochs(run) for run in runs],
        "state": [run.state_words for run in runs],
        "size": [human_size(size_of(run.saved.path)) for run in runs],
        "name": [printable(run.saved.path.name) for run in runs],
    }
    # A program that reads the table expects all of it.
    if sys.stdout is None or not sys.stdout.isatty():
        return _rows(columns)
    width = shutil.get_terminal_size().columns
    for column in ("size", "network", "started"):  # a name tells when it started
        if _width(columns) > width:
            del columns[column]
    if _width(columns) > width:
        columns["name"] = beginnings(columns["name"])
    if (over := _width(columns) - width) > 0:
        most = max(map(len, columns["name"])) - over
        columns["name"] = [_cut(name, max(most, SHORTEST)) for name in columns["name"]]
    return _rows(columns)


def beginnings(names: Sequence[str]) -> list[str]:
    """Of each name as much as `find_run` needs, and the time that it began; of forks all of it."""
    shortened = []
    for name in names:
        others = [other for other in names if not other.startswith(name)]
        length = len(name) if any(name.startswith(other) for other in others) else SHORTEST
        while any(other.startswith(name[:length]) for other in others):
            length += 1
        shortened.append(name[:length])
    return shortened


def _best(run: RunSummary) -> str:
    """The best accuracy, with a mark if it is not that of the test set."""
    if run.best is None:
        return "-"
    return f"{run.best[1]:.2%}" + (VALIDATION if run.monitored_split == "validation" else "")


def _epochs(run: RunSummary) -> str:
    """Such as 3/25; 3→12/25 of a run that was left on its way back to epoch 12."""
    way = "" if run.aim is None else f"{TO}{run.aim:.3g}"
    return f"{run.epochs}{way}/{run.settings.epochs}"


def _rows(columns: Mapping[str, Sequence[str]]) -> list[str]:
    return aligned([list(columns), *map(list, zip(*columns.values(), strict=True))])


def _width(columns: Mapping[str, Sequence[str]]) -> int:
    return max(map(len, _rows(columns)))


def _cut(text: str, length: int) -> str:
    """A text, without its middle if it is too long: ends tell forks apart."""
    if len(text) <= length:
        return text
    end = (length - 1) // 3
    return f"{text[: length - 1 - end]}{ELLIPSIS}{text[len(text) - end :]}"
