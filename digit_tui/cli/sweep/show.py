"""`digit-tui sweep show` and `list`: what is known of studies, without working on them."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from digit_tui.cli.runs.text import aligned
from digit_tui.cli.sweep.begin import tells_why
from digit_tui.data import printable
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.output import Output, print_error
from digit_tui.storage.run_index import run_name
from digit_tui.sweep.board import Board, TrialRow
from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.space import value_words
from digit_tui.sweep.space_text import dimension_words

if TYPE_CHECKING:
    from digit_tui.sweep.study import Sweep


@tells_why
def show_study(name: str, storage: str | None, as_json: bool, as_csv: bool) -> int:
    """Print a study; returns the exit status.

    Args:
        name: its name, its folder, or the URL of a database.
        storage: the URL or folder that it is in, if its name is not enough.
        as_json: one object with all.
        as_csv: a line for each trial.
    """
    from digit_tui.sweep.finding import find_study
    from digit_tui.sweep.study import Sweep

    with closing(Sweep.open(find_study(name, storage), complain=print_error)) as sweep:
        return _show(sweep, as_json, as_csv)


def _show(sweep: Sweep, as_json: bool, as_csv: bool) -> int:
    from digit_tui.sweep.board import board_of
    from digit_tui.sweep.summary import summarize, summary_lines, summary_to_json

    board = board_of(sweep.study, storage=sweep.place.words)
    known = {trial.number for trial in sweep.trials()}
    rows = [row for row in board.trials if row.number in known]
    output = Output()
    if as_csv:
        names = [each.name for each in sweep.plan.space]
        output.line(csv_text(rows, names), end="")
        return output.status or ExitStatus.DONE
    # What was measured on the test set is shown, and nothing is measured.
    summary = summarize(sweep, "shown", measure=False)
    if as_json:
        plan = sweep.plan.to_json()
        values = {
            **{key: value for key, value in summary_to_json(summary).items() if key != "event"},
            "storage": board.storage,
            "plan": plan,
            "paused": board.paused,
            "importance": dict(board.importance),
            "trials": [row_values(row) for row in rows],
        }
        output.line(json.dumps(values, allow_nan=False))
        return output.status or ExitStatus.DONE
    plan_words = " ".join(dimension_words(each) for each in sweep.plan.space)
    lines = [f"Storage        {printable(board.storage)}", f"Tried          {plan_words}"]
    lines += importance_lines(board)
    for line in [*lines, "", *table(rows), "", *summary_lines(summary)]:
        output.line(line)
    return output.status or ExitStatus.DONE


def importance_lines(board: Board) -> list[str]:
    """How much each setting matters, if that can be told."""
    if not board.importance:
        return []
    shares = ", ".join(f"{name} {share:.0%}" for name, share in board.importance)
    return [f"Matters        {shares}"]


def table(rows: list[TrialRow]) -> list[str]:
    """A row for each trial, with the settings that differ."""
    names = list(dict.fromkeys(name for row in rows for name in row.params))
    cells = [["trial", "state", "accuracy", "epochs", *names, "seconds", "worker"]]
    for row in rows:
        cells.append(
            [
                str(row.number),
                row.state,
                "-" if row.accuracy is None else f"{row.accuracy:.2%}",
                f"{row.epoch}/{row.epochs or '-'}",
                *(
                    value_words(row.params[name], name) if name in row.params else "-"
                    for name in names
                ),
                f"{row.seconds:.1f}",
                printable(row.worker or "-"),
            ]
        )
    return aligned(cells)


def row_values(row: TrialRow) -> dict[str, Any]:
    """A trial as plain values."""
    return {
        "trial": row.number,
        "state": row.state,
        "accuracy": row.accuracy,
        "epoch": row.epoch,
        "epochs": row.epochs,
        "accuracies": row.accuracies,
        "params": dict(row.params),
        "seconds": row.seconds,
        "worker": row.worker,
        "run": None if row.run is None else run_name(row.run),
    }


def csv_text(rows: list[TrialRow], names: list[str]) -> str:
    """A line of headings, and one for each trial."""
    text = io.StringIO()
    writer = csv.writer(text)
    columns = ("trial", "state", "accuracy", "epoch", "epochs", "seconds", "worker", "run")
    writer.writerow([*columns, *names])
    for row in rows:
        values = row_values(row)
        # A formula in a worker's name, which a spreadsheet would compute, is no number.
        cells = [values[column] for column in columns]
        writer.writerow([*cells, *(row.params.get(name) for name in names)])
    return text.getvalue()


@tells_why
def print_studies(as_json: bool) -> int:
    """Print the studies of this machine; returns the exit status."""
    from digit_tui.sweep.finding import places_here
    from digit_tui.sweep.study import Sweep, best_of

    output, status = Output(), ExitStatus.DONE
    cells = [["study", "trials", "running", "best", "storage"]]
    places = places_here()
    for place in places:
        try:
            sweep = Sweep.open(place, complain=print_error)
        except StudyError as error:
            print_error(str(error))
            status = ExitStatus.DATA
            continue
        trials, most = sweep.trials(), sweep.most_trials()
        sweep.close()
        states = Counter(trial.state.name for trial in trials)
        best = next(iter(best_of(trials)), None)
        ended = sum(trial.state.is_finished() for trial in trials)
        if as_json:
            values = {
                "study": place.study,
                "storage": place.words,
                "folder": str(place.folder),
                "trials": len(trials),
                "ended": ended,
                "running": states["RUNNING"],
                "budget_trials": most,
                "best_validation_accuracy": None if best is None else best.value,
            }
            output.line(json.dumps(values))
            continue
        cells.append(
            [
                place.study,
                f"{ended}/{most or '-'}",
                str(states["RUNNING"]),
                "-" if best is None else f"{best.value:.2%}",
                printable(place.words),
            ]
        )
    if not as_json:
        lines = aligned(cells) if len(cells) > 1 else ["No study is here yet"]
        for line in lines if places or not status else []:
            output.line(line)
    return output.status or status
