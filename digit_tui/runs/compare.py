"""`digit-tui runs compare`: how runs differ, and whether the difference is real."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from digit_tui.data import DataError, Dataset, load_dataset, printable
from digit_tui.insight.significance import compare, gap_words
from digit_tui.nn import Evaluation, evaluate
from digit_tui.output import Output, complain
from digit_tui.runs.text import aligned, say
from digit_tui.status import Status
from digit_tui.training.catalogue import find_run
from digit_tui.training.errors import RunError
from digit_tui.training.run_facts import Facts, differing
from digit_tui.training.saved_run import SavedRun

LETTERS = string.ascii_uppercase
"""What runs are called here: their names are too long for a table."""


@dataclass(frozen=True, eq=False)
class Look:
    """What the last checkpoint of a run makes of test digits."""

    letter: str
    step: int
    dataset: Dataset
    evaluation: Evaluation


def compare_runs(names: Sequence[str], data: str | None) -> int:
    """Print runs beside each other; returns the exit status.

    Args:
        names: two or more; see `find_run`.
        data: as --data, the digits that all are tested on; None is each run's own.
    """
    if not 2 <= len(names) <= len(LETTERS):
        complain(f"compare takes 2 to {len(LETTERS)} runs, not {len(names)}")
        return Status.USAGE
    try:
        found = [Facts.of(SavedRun.read(find_run(name))) for name in names]
    except RunError as error:
        complain(str(error))
        return Status.DATA
    from digit_tui.runs.charts import Curve, Style, chart

    output = Output()
    runs = dict(zip(LETTERS, found, strict=False))
    say(output, (f"{letter}  {run.saved.path}" for letter, run in runs.items()))
    curves = [
        Curve(letter, letter, run.curves["epoch"], error_curve(run)) for letter, run in runs.items()
    ]
    drawn = chart("Test error, logarithmic:", curves, Style.of_stdout(), log=True, percent=True)
    output.line(f"\n{drawn}\n")
    say(output, [*differences(found), ""])
    status = print_verdicts(output, runs, data)
    return output.status or status


def error_curve(run: Facts) -> NDArray[np.float64]:
    """(epochs,) as fractions: of no mistake, half a mistake, which has a logarithm."""
    return np.maximum(1 - run.curves["test_accuracy"], 0.5 / run.test_images)


def differences(runs: Sequence[Facts]) -> list[str]:
    """The settings that are not the same in all, as a table."""
    rows = [
        [name, *(printable(words) for words in cells)] for name, cells in differing(runs).items()
    ]
    if not rows:
        return ["All settings are the same."]
    return aligned([["setting", *LETTERS[: len(runs)]], *rows])


def print_verdicts(output: Output, runs: dict[str, Facts], data: str | None) -> Status:
    """Test the networks, and each against the first."""
    datasets: dict[tuple[str, int], Dataset] = {}
    first: Look | None = None
    status = Status.DONE
    for letter, run in runs.items():
        try:
            look = look_at(letter, run, data or run.saved.data, datasets)
        except (DataError, RunError) as error:
            complain(f"{letter}: {error}")
            status = Status.DATA
            continue
        say(output, verdict(look, first))
        first = first or look
    return status


def look_at(letter: str, run: Facts, data: str, datasets: dict[tuple[str, int], Dataset]) -> Look:
    """Have the last checkpoint of a run look at test digits.

    Args:
        letter: what the run is called.
        run: which.
        data: as --data.
        datasets: those that were read before, by name and side.

    Raises:
        DataError: if the digits can not be read, or have classes that the network does not know.
        RunError: if there is no checkpoint that can be read.
    """
    checkpoint = run.saved.checkpoint()
    for complaint in run.saved.complaints:
        complain(f"{letter}: {complaint}")
    key = (data, run.saved.config.side)
    if key not in datasets:
        datasets[key] = load_dataset(*key)
    dataset, network = datasets[key], checkpoint.network
    if dataset.classes > network.sizes[-1]:
        raise DataError(
            f"{dataset.source} has {dataset.classes} classes, the network knows {network.sizes[-1]}"
        )
    with threadpool_limits(limits=run.saved.config.threads, user_api="blas"):
        evaluation = evaluate(network, dataset.test_images, dataset.test_labels)
    return Look(letter, checkpoint.state.step, dataset, evaluation)


def verdict(look: Look, first: Look | None) -> list[str]:
    """A run's accuracy, and how it compares with the first run's."""
    evaluation = look.evaluation
    lines = [
        f"{look.letter}  {evaluation.accuracy:.2%}  ({evaluation.correct:,} of "
        f"{evaluation.total:,} test digits of {look.dataset.name}, at step {look.step:,})"
    ]
    if first is None:
        return lines
    if not same_digits(look.dataset, first.dataset):
        words = [f"other test digits than {first.letter}: the difference can not be tested"]
    else:
        comparison = compare(first.evaluation, evaluation)
        words = [f"{gap_words(comparison)} against {first.letter}", comparison.words]
    return [*lines, *(f"   {line}" for line in words)]


def same_digits(one: Dataset, other: Dataset) -> bool:
    """Whether two data sets have the same test digits, at whatever sides."""
    return np.array_equal(one.test_labels, other.test_labels) and (
        one.side != other.side or np.array_equal(one.test_images, other.test_images)
    )
