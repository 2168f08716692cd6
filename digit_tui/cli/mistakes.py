"""`digit-tui mistakes`: lists the test digits that a saved run gets wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from digit_tui.cli.committee_members import evaluate_committee
from digit_tui.cli.evaluate_saved import evaluate_saved, history_of
from digit_tui.cli.page_output import page_refused, put_page
from digit_tui.cli.saved_runs import read_run
from digit_tui.data import Dataset, counted, printable
from digit_tui.export.digit_records import digit_records, list_facts, text_table
from digit_tui.export.mistakes_page import mistakes_page
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.selection import (
    OF_HISTORY,
    ORDERS,
    SelectionError,
    check_history,
    grammar,
    parse_selection,
    select,
)
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error

CRLF = "\r\n" if os.linesep == "\n" else "\n"
"""The line end of CSV (RFC 4180), unless standard output translates each line end to it."""

CSV_COLUMNS = (
    *("index", "true", "predicted", "confidence", "loss", "margin", "rank"),
    *("learned", "forgotten", "since", "suspect", "unbacked"),
)


class _Found(NamedTuple):
    """What was evaluated: a run, or a committee of several."""

    table: DigitTable
    dataset: Dataset
    runs: str
    """Their folders."""
    name: str
    """A short one."""
    step: str


def _evaluate(names: Sequence[str], data: str | None, best: bool) -> _Found:
    if len(names) > 1:
        joint = evaluate_committee(names, data, best)
        paths = [each.saved.path for each in joint.members]
        steps = (f"{each.checkpoint.state.step:,}" for each in joint.members)
        runs = ", ".join(map(str, paths))
        short = f"a committee of {len(paths)}"
        return _Found(joint.table, joint.dataset, runs, short, "; ".join(steps))
    saved = read_run(names[0])
    result = evaluate_saved(saved, data, best)
    table = DigitTable(result.evaluation, history_of(saved, result))
    return _Found(table, result.dataset, str(saved.path), saved.path.name, f"{result.step:,}")


@reports_failures
def list_mistakes(
    names: Sequence[str],
    data: str | None,
    best: bool,
    selection: str,
    order: str,
    limit: int | None,
    form: str,
    html: Path | None,
    force: bool = False,
) -> int:
    """Print or write the mistakes of a saved run, or of a committee; returns the exit status.

    Args:
        names: of the run, or of the members of the committee; see `find_run`.
        data: as --data; None is the dataset that the run was trained on.
        best: use the checkpoint with the best accuracy instead of the last.
        selection: which digits, see `parse_selection`.
        order: one of `insight.selection.ORDERS`.
        limit: list at most this many.
        form: "text", "json" or "csv", on standard output.
        html: where to write a page instead; "-" is standard output.
        force: let the page replace a file that is no page.
    """
    if html is not None and (refused := page_refused(html, force)):  # before the work
        return refused
    table, dataset, runs, name, step = _evaluate(names, data, best)
    committee = len(names) > 1
    option = "--select"
    try:
        chosen = parse_selection(selection, table.evaluation.probabilities.shape[1], committee)
        check_history(table, chosen.names, f"of a committee {grammar(committee)}")
        option = "--sort"
        any_order = (each for each in ORDERS if each not in OF_HISTORY)
        check_history(table, [order], f"a committee is sorted by {', '.join(any_order)}")
    except SelectionError as error:
        print_error(f"{option}: {error}")
        return ExitStatus.USAGE
    selected = select(table, chosen, order)
    indices = selected[:limit]

    output = Output()
    if form == "json":
        write_lines(output, map(json_line, digit_records(table, indices)))
    elif form == "csv":
        write_lines(output, csv_lines(digit_records(table, indices), committee), end=CRLF)
    else:
        first = f"; the first {len(indices):,}" if len(indices) < len(selected) else ""
        facts = list_facts(
            runs,
            f"{dataset.name} ({dataset.source})",
            step,
            table,
            f"{len(selected):,} of {counted(len(table), 'test digit')} ({str(chosen) or 'all'}), "
            f"by {order}{first}",
        )
        if html is None:
            width = max(map(len, facts)) + 2
            lines = [f"{fact:<{width}}{printable(words)}" for fact, words in facts.items()]
            write_lines(output, [*lines, "", *text_table(table, indices)])
        else:
            what = "Mistakes" if "wrong" in chosen.states else "Test digits"
            title = f"{what} of {name}"
            content = mistakes_page(
                title, facts, table, indices, dataset.test_images, dataset.side, order
            )
            return put_page(output, html, content, counted(len(indices), "digit"), force)
    return output.status or ExitStatus.DONE


def write_lines(output: Output, lines: Iterable[str], end: str = "\n") -> None:
    """Write lines as they are made, until standard output fails."""
    for line in lines:
        if output.status is not None:
            break
        output.line(line, end=end)


def json_line(record: dict[str, Any]) -> str:
    """One digit as a line of JSON."""
    return json.dumps(record, allow_nan=False)


def csv_lines(records: Iterable[dict[str, Any]], committee: bool = False) -> Iterator[str]:
    """Digits as lines of CSV, after a line of headings; None is an empty cell.

    Args:
        records: see `digit_records`.
        committee: whether they say what the members of one take the digits for.
    """
    columns = (*CSV_COLUMNS, "members") if committee else CSV_COLUMNS
    yield ",".join(columns)
    for record in records:  # numbers, true and false: nothing to quote
        yield ",".join(_cell(record[name]) for name in columns)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value).lower()
