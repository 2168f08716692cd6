"""`digit-tui runs compare`: how runs differ, and whether the difference is significant."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.cli.evaluate_saved import SavedEvaluation, evaluate_saved
from digit_tui.cli.runs.text import aligned, print_lines
from digit_tui.cli.saved_runs import read_run
from digit_tui.data import DataError, Dataset, load_dataset, printable
from digit_tui.insight.significance import compare, gap_words, interval_words, wilson_interval
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_summary import RunSummary, choice_words, differing_settings

LETTERS = string.ascii_uppercase
"""Names of the runs in the output: their own are too long for a table."""


class Candidate(NamedTuple):
    """A run that is compared with others."""

    letter: str
    result: SavedEvaluation
    """Of its last checkpoint."""
    run: RunSummary | None = None
    """What `json_verdict` tells of it besides."""


@reports_failures
def compare_runs(names: Sequence[str], data: str | None, as_json: bool = False) -> int:
    """Print a comparison of runs; returns the exit status.

    Args:
        names: two or more; see `find_run`.
        data: as --data, the dataset that all are tested on; None is each run's own.
        as_json: print one JSON object a line for each run, instead of tables and curves.
    """
    if not 2 <= len(names) <= len(LETTERS):
        print_error(f"compare takes 2 to {len(LETTERS)} runs, not {len(names)}")
        return ExitStatus.USAGE
    found = [RunSummary.of(read_run(name)) for name in names]
    output = Output()
    runs = dict(zip(LETTERS, found, strict=False))
    if as_json:
        status = print_verdicts(output, runs, data, json_verdict)
        return output.status or status
    from digit_tui.cli.runs.charts import ChartStyle, NamedCurve, chart

    print_lines(output, (f"{letter}  {run.saved.path}" for letter, run in runs.items()))
    curves = [
        NamedCurve(letter, letter, run.curves["epoch"], error_curve(run))
        for letter, run in runs.items()
    ]
    drawn = chart(
        f"{error_words(found)}, logarithmic:",
        curves,
        ChartStyle.of_stdout(),
        log=True,
        percent=True,
    )
    output.line(f"\n{drawn}\n")
    print_lines(output, [*differences(found), ""])
    status = print_verdicts(output, runs, data, verdict)
    return output.status or status


def error_words(runs: Sequence[RunSummary]) -> str:
    """The title of the curves, for example "Test error"."""
    splits = sorted({run.monitored_split for run in runs})
    return f"{' and '.join(splits).capitalize()} error"


def error_curve(run: RunSummary) -> NDArray[np.float64]:
    """(epochs,) as fractions; no mistake counts as half a mistake, which has a logarithm."""
    return np.maximum(1 - run.curves["monitored_accuracy"], 0.5 / run.monitored_images)


def differences(runs: Sequence[RunSummary]) -> list[str]:
    """The settings that are not the same in all runs, as a table."""
    rows = [
        [name, *(printable(words) for words in cells)]
        for name, cells in differing_settings(runs).items()
    ]
    if not rows:
        return ["All settings are the same."]
    return aligned([["setting", *LETTERS[: len(runs)]], *rows])


def print_verdicts(
    output: Output,
    runs: dict[str, RunSummary],
    data: str | None,
    lines: Callable[[Candidate, Candidate | None], list[str]],
) -> ExitStatus:
    """Evaluate the networks, and compare each with the first; returns the exit status."""
    load = cache(load_dataset)  # most runs have the same dataset
    first: Candidate | None = None
    status = ExitStatus.DONE
    for letter, run in runs.items():

        def warn(complaint: str, letter: str = letter) -> None:
            print_error(f"{letter}: {complaint}")

        try:
            result = evaluate_saved(run.saved, data, load=load, warn=warn)
            candidate = Candidate(letter, result, run)
        except (DataError, RunError) as error:
            warn(str(error))
            status = ExitStatus.DATA
            continue
        print_lines(output, lines(candidate, first))
        first = first or candidate
    return status


def verdict(candidate: Candidate, first: Candidate | None) -> list[str]:
    """A run's accuracy, and how it compares with the first run's."""
    letter, result, _ = candidate
    evaluation = result.evaluation
    lines = [
        f"{letter}  {interval_words(evaluation.correct, evaluation.total)}, "
        f"{evaluation.correct:,} of {evaluation.total:,} test digits of {result.dataset.name}, "
        f"at step {result.step:,}"
    ]
    if first is None:
        return lines
    if not same_digits(result.dataset, first.result.dataset):
        words = [f"other test digits than {first.letter}: the difference cannot be tested"]
    else:
        comparison = compare(first.result.evaluation, evaluation)
        words = [f"{gap_words(comparison)} against {first.letter}", comparison.words]
    return [*lines, *(f"   {line}" for line in words)]


def json_verdict(candidate: Candidate, first: Candidate | None) -> list[str]:
    """The same as one JSON object, with the run's settings; what cannot be compared is null."""
    letter, result, run = candidate
    assert run is not None
    evaluation = result.evaluation
    comparison = None
    if first is not None and same_digits(result.dataset, first.result.dataset):
        comparison = compare(first.result.evaluation, evaluation)
    values = {
        "letter": letter,
        "run": str(run.saved.path),
        "settings": {name: choice_words(choice) for name, choice in run.choices().items()},
        "data": result.dataset.name,
        "step": result.step,
        "test_accuracy": evaluation.accuracy,
        "test_correct": evaluation.correct,
        "test_total": evaluation.total,
        "interval": wilson_interval(evaluation.correct, evaluation.total),
        "against": first.letter if first and comparison else None,
        "difference": comparison and comparison.difference,
        "difference_interval": comparison and comparison.interval,
        "fixed": comparison and comparison.gained,
        "broke": comparison and comparison.lost,
        "p_value": comparison and comparison.p_value,
    }
    return [json.dumps(values, allow_nan=False)]


def same_digits(one: Dataset, other: Dataset) -> bool:
    """Whether two datasets have the same test digits; images of other sizes are not compared."""
    return np.array_equal(one.test_labels, other.test_labels) and (
        one.side != other.side or np.array_equal(one.test_images, other.test_images)
    )
