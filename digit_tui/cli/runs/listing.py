"""`digit-tui runs`: the runs in the state directory."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from digit_tui.cli.runs.text import aligned, human_size, network_words, print_lines
from digit_tui.data import printable
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.storage.run_files import runs_folder
from digit_tui.storage.run_index import list_runs, size_of
from digit_tui.storage.run_summary import RunSummary

LONGEST = 16
"""Characters for the name of a dataset, which may be that of any folder."""


@reports_failures
def print_runs(as_json: bool) -> int:
    """Print the saved runs, the newest last (beside the prompt); returns the exit status.

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
    """A row for each run, its name last: on a line of its own if a row would be too long."""
    rows = [["started", "data", "network", "best", "epochs", "state", "size", "name"]]
    for run in runs:
        data = printable(str(run.saved.record["data"]["name"]))
        rows.append(
            [
                f"{run.started:%Y-%m-%d %H:%M}",
                data if len(data) <= LONGEST else f"{data[: LONGEST - 1]}…",
                network_words(run),
                "-" if run.best is None else f"{run.best[1]:.2%}",
                f"{run.epochs}/{run.settings.epochs}",
                run.saved.state(),
                human_size(size_of(run.saved.path)),
                printable(run.saved.path.name),
            ]
        )
    lines = aligned(rows)
    # A program that reads the table expects one line for each run.
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    if not on_terminal or max(map(len, lines)) <= shutil.get_terminal_size().columns:
        return lines
    head, *facts = aligned([row[:-1] for row in rows])
    names = [f"  {row[-1]}" for row in rows[1:]]
    return [head, *(line for pair in zip(facts, names, strict=True) for line in pair)]
