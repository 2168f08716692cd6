"""`digit-tui runs compare`: how runs differ, and whether the difference is significant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.cli.evaluate_saved import SavedEvaluation, evaluate_saved, same_digits
from digit_tui.cli.loading import load_and_tell
from digit_tui.cli.runs.text import aligned, print_lines
from digit_tui.cli.saved_runs import LETTERS, read_run
from digit_tui.data import DataError, counted, printable
from digit_tui.insight.significance import compare, gap_words, interval_words, wilson_interval
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output, print_error
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_summary import RunSummary, differing_settings

WIDTH = 80
"""Columns that any terminal has."""
OTHER_SEEDS = "This is a test of these networks: with other seeds the result may differ."
"""Said where settings differ: one run of each does not tell which setting is better."""


class Candidate(NamedTuple):
    """A run that is compared with others."""

    letter: str
    result: SavedEvaluation
    """Of its last checkpoint."""

    def can_be_tested(self, first: Candidate) -> bool:
        """Whether both networks were evaluated on the same digits."""
        return same_digits(self.result.dataset, first.result.dataset)


@reports_failures
def compare_runs(names: Sequence[str], data: str | None, as_json: bool) -> int:
    """Print a comparison of runs; returns the exit status.

    Args:
        names: two or more; see `find_run`.
        data: as --data, the dataset that all are tested on; None is each run's own.
        as_json: print one JSON object a line, for each run, instead of tables and curves.
    """
    if not 2 <= len(names) <= len(LETTERS):
        print_error(f"compare takes 2 to {len(LETTERS)} runs, not {len(names)}")
        return ExitStatus.USAGE
    found = [RunSummary.of(read_run(name)) for name in names]
    output = Output()
    runs = dict(zip(LETTERS, found, strict=False))
    if not as_json:
        print_curves(output, runs)
        print_lines(output, [*differences(found), *unequal_training(runs), ""])
    first: Candidate | None = None
    settings_tested = False
    status = ExitStatus.DONE
    for candidate in candidates(runs, data):
        if candidate is None:
            status = ExitStatus.DATA
            continue
        if as_json:
            output.line(json.dumps(json_verdict(candidate, first, found), allow_nan=False))
        else:
            print_lines(output, verdict(candidate, first))
        first = first or candidate
        pair = [runs[first.letter], runs[candidate.letter]]
        if differing_settings(pair) and candidate.can_be_tested(first):
            settings_tested = True
    if settings_tested and not as_json:
        output.line(f"\n{OTHER_SEEDS}")
    return output.status or status


def print_curves(output: Output, runs: dict[str, RunSummary]) -> None:
    """Print which run has which letter, and their errors by epoch."""
    from digit_tui.cli.runs.charts import ChartStyle, NamedCurve, chart

    print_lines(output, (f"{letter}  {run.saved.path}" for letter, run in runs.items()))
    curves = [
        NamedCurve(letter, letter, run.curves["epoch"], error_curve(run))
        for letter, run in runs.items()
    ]
    drawn = chart(
        f"{error_words(list(runs.values()))}, logarithmic:",
        curves,
        ChartStyle.of_stdout(),
        log=True,
        percent=True,
    )
    output.line(f"\n{drawn}\n")


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


def unequal_training(runs: dict[str, RunSummary]) -> list[str]:
    """A line for runs of which some trained longer; none where all trained as long."""
    steps = {letter: run.step for letter, run in runs.items()}
    if len(set(steps.values())) == 1:
        return []
    letters = [f"{letter} {count:,}" for letter, count in steps.items()]
    trained = f"Steps trained: {', '.join(letters)}."
    return ["", *wrap(f"{trained} Part of a difference may be due to that.", WIDTH)]


def candidates(runs: dict[str, RunSummary], data: str | None) -> Iterator[Candidate | None]:
    """Evaluate the networks; None for one that cannot be, after it was said why."""
    load = cache(load_and_tell)  # most runs have the same dataset
    for letter, run in runs.items():

        def warn(complaint: str, letter: str = letter) -> None:
            print_error(f"{letter}: {complaint}")

        try:
            yield Candidate(letter, evaluate_saved(run.saved, data, load=load, warn=warn))
        except (DataError, RunError) as error:
            warn(str(error))
            yield None


def verdict(candidate: Candidate, first: Candidate | None) -> list[str]:
    """A run's accuracy, and how it compares with the first run's."""
    letter, result = candidate
    evaluation = result.evaluation
    lines = [
        f"{letter}  {interval_words(evaluation.correct, evaluation.total)}, "
        f"at step {result.step:,}",
        f"   {evaluation.correct:,} of {counted(evaluation.total, 'test digit')} "
        f"of {result.dataset.name}",
    ]
    if first is None:
        return lines
    if not candidate.can_be_tested(first):
        words = [f"other test digits than {first.letter}: the difference cannot be tested"]
    else:
        comparison = compare(first.result.evaluation, evaluation)
        words = [f"{gap_words(comparison)} against {first.letter}", comparison.words]
    return [*lines, *(f"   {line}" for line in words)]


def json_verdict(
    candidate: Candidate, first: Candidate | None, runs: Sequence[RunSummary]
) -> dict[str, Any]:
    """The same as JSON values, with the settings that are not the same in all runs."""
    letter, result = candidate
    evaluation = result.evaluation
    run = runs[LETTERS.index(letter)]
    values: dict[str, Any] = {
        "letter": letter,
        "run": str(run.saved.path),
        "step": result.step,
        "data": result.dataset.name,
        "test_accuracy": evaluation.accuracy,
        "test_correct": evaluation.correct,
        "test_total": evaluation.total,
        "interval": wilson_interval(evaluation.correct, evaluation.total),
        "settings": {name: run.choices()[name][1] for name in differing_settings(runs)},
        "against": None,
    }
    if first is not None and candidate.can_be_tested(first):
        comparison = compare(first.result.evaluation, evaluation)
        values["against"] = {
            "letter": first.letter,
            "difference": comparison.difference,
            "interval": comparison.interval,
            "fixed": comparison.gained,
            "broke": comparison.lost,
            "p_value": comparison.p_value,
        }
    return values
