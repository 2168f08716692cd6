"""`digit-tui evaluate --corrupt`: how well the network of a saved run reads worse digits."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from time import monotonic
from typing import Any

from threadpoolctl import threadpool_limits

from digit_tui.cli.evaluate_saved import open_saved
from digit_tui.cli.loading import load_and_tell
from digit_tui.cli.saved_runs import read_run
from digit_tui.data import MINE, DataError, counted
from digit_tui.insight.corruptions import CORRUPTIONS
from digit_tui.insight.robustness import POINTS, Robustness, measure
from digit_tui.insight.robustness_report import robustness_lines
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import reports_failures
from digit_tui.session.output import Output
from digit_tui.storage.checkpoint import Checkpoint

QUIET_SECONDS = 1.0
"""Before that no progress is shown."""


@reports_failures
def evaluate_corrupted(
    name: str, data: str | None, best: bool, against: str | None, as_json: bool
) -> int:
    """Measure a saved run on corrupted test digits; returns the exit status.

    Args:
        name: the run's folder, or its name; see `find_run`.
        data: as --data; None is the dataset that the run was trained on.
        best: use the checkpoint with the best accuracy instead of the last.
        against: another run, measured on the same digits.
        as_json: print one JSON object instead of a table.
    """
    saved = read_run(name)
    load = cache(load_and_tell)
    checkpoint, dataset = open_saved(saved, data, best, load)
    checkpoints = [checkpoint]
    if against is not None:
        other = read_run(against)
        if other.config.side != dataset.side:
            raise DataError(
                f"{against} reads images of {other.config.side} pixels a side, "
                f"not of {dataset.side}: they cannot be compared"
            )
        second, of_other = open_saved(other, data or saved.data, best, load)
        checkpoints.append(second)
        if data == MINE and other.data == MINE:  # which was trained on the rest of the drawings
            dataset = of_other
    results = [Robustness(len(dataset.test_labels)) for _ in checkpoints]
    points = measure(
        [each.network for each in checkpoints],
        dataset.test_images,
        dataset.test_labels,
        dataset.side,
    )
    with threadpool_limits(limits=saved.config.threads, user_api="blas"), _progress() as show:
        for done, point in enumerate(points):
            point.add_to(results)
            show(done)
    output = Output()
    if as_json:
        output.line(json.dumps(_json_values(checkpoints, results)))
    else:
        output.line(f"Data           {dataset.name} ({dataset.source})")
        digits = counted(results[0].total, "test digit")
        output.line(f"Right, in % of {digits}, at strengths 0 (as they are) to 5:\n")
        for line in robustness_lines(results[0], results[1] if against is not None else None):
            output.line(line)
    return output.status or ExitStatus.DONE


def _json_values(checkpoints: list[Checkpoint], results: list[Robustness]) -> dict[str, Any]:
    own, *others = results
    values = _one(checkpoints[0], own) | {"against": None}
    for other in others:
        relative = {"relative_corruption_error": own.relative_to(other)}
        values["against"] = _one(checkpoints[1], other) | relative
    return values


def _one(checkpoint: Checkpoint, result: Robustness) -> dict[str, Any]:
    """All numbers of one run."""
    return {
        "step": checkpoint.state.step,
        "test_total": result.total,
        "mean_corruption_error": result.mean_corruption_error,
        "corruptions": [
            {
                "corruption": corruption.name,
                "levels": corruption.levels,
                "correct": correct,
                "mean_accuracy": mean,
            }
            for corruption, correct, mean in zip(
                CORRUPTIONS, result.correct.tolist(), result.mean_accuracies.tolist(), strict=True
            )
        ],
    }


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Shows how many measurements are done: a line on stderr, if that is a terminal."""
    started, shown = monotonic(), ""

    def write(line: str) -> None:
        nonlocal shown
        with suppress(OSError):
            print(f"{line:<{len(shown)}}", end="\r", file=sys.stderr, flush=True)
        shown = line

    def show(done: int) -> None:
        if sys.stderr is not None and sys.stderr.isatty() and monotonic() - started > QUIET_SECONDS:
            write(f"{done} of {POINTS} measured")

    try:
        yield show
    finally:  # also after ctrl+c
        if shown:
            write("")
