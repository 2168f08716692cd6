"""`digit-tui lr-find`: a learning rate range test without a run beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import monotonic
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from digit_tui.batch import StopOnSignal
from digit_tui.cli.loading import load_and_tell
from digit_tui.cli.runs.charts import ChartStyle, NamedCurve, chart
from digit_tui.config import RunConfig
from digit_tui.data import Dataset, printable
from digit_tui.engine.holdout import hold_out
from digit_tui.nn import Network
from digit_tui.run.events import Inspected
from digit_tui.run.rate_search import FoundRate, RateSearch
from digit_tui.run.rate_words import found_lines, no_rate, table, taken
from digit_tui.run.settings import scheduled_rate
from digit_tui.run.state import RunState, Vectors
from digit_tui.session import signals
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import EXPECTED, failure_of, print_failure
from digit_tui.session.output import Output, print_error
from digit_tui.session.saved_state import look_into
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

PROGRESS_SECONDS = 1.0
"""Between two lines of progress."""

Beginning = tuple[RunConfig, Dataset, Inspected]
"""A run's configuration, its dataset without what is held out, and the state that is tested."""


def find_for_config(config: RunConfig, as_json: bool) -> int:
    """Test the fresh network of a run; returns the exit status.

    Args:
        config: the run's.
        as_json: print one JSON object instead of lines.
    """

    def begin() -> Beginning:
        dataset = hold_out(load_and_tell(config.data, config.side), config.validation)
        return config, dataset, fresh(config, dataset)

    return _find(begin, as_json)


def find_for_run(request: RunRequest, best: bool, as_json: bool) -> int:
    """Test a saved run as it is; returns the exit status.

    Args:
        request: to resume it.
        best: its checkpoint with the best accuracy instead of the last.
        as_json: print one JSON object instead of lines.
    """
    saved = request.resume
    assert saved is not None

    def begin() -> Beginning:
        checkpoint = saved.checkpoint(best)
        for complaint in saved.complaints:
            print_error(complaint)
        dataset = request.load_dataset()
        return saved.config, dataset, look_into(checkpoint)

    return _find(begin, as_json)


def fresh(config: RunConfig, dataset: Dataset) -> Inspected:
    """The state of a run before its first step, as it would hand out a copy.

    Args:
        config: the run's.
        dataset: the run's, with its held-out set split off.
    """
    config = config.for_images(len(dataset.train_labels))
    sizes = (dataset.pixels, *config.hidden, dataset.classes)
    state = RunState.begin(config, sizes, Vectors.make(sizes, config.average, np.zeros))
    rate = scheduled_rate(state.settings, config.schedule, 0.0)
    return Inspected(0, 0.0, rate, Network(sizes, state.parameters), state)


def _find(begin: Callable[[], Beginning], as_json: bool) -> int:
    output, stop = Output(), StopOnSignal(Mailbox())
    with signals.handled_by(stop):
        try:
            config, dataset, inspected = begin()
            search = RateSearch(inspected, dataset, config)
        except EXPECTED as error:
            return print_failure(failure_of(error, action="read"))
        shown = monotonic()
        with threadpool_limits(limits=1, user_api="blas"):  # as beside a run that trains
            for made in search.steps():
                if stop.number is not None:
                    return ExitStatus.SIGNALLED + stop.number
                if monotonic() - shown > PROGRESS_SECONDS:
                    shown = monotonic()
                    print_error(f"step {made} of {search.most}")
    found = search.found()
    if as_json:
        output.line(json.dumps(to_json(found), allow_nan=False))
    else:
        for line in _lines(found, dataset, len(inspected.state.parameters)):
            output.line(line)
    if output.status is not None:
        return output.status
    if found.curve.reason:
        print_error(no_rate(found))
        return ExitStatus.FAILURE
    return ExitStatus.DONE


def to_json(found: FoundRate) -> dict[str, Any]:
    """All of it as plain values; what is not finite is null."""
    curve = found.curve
    return {
        "step": found.step,
        "epoch": found.epoch,
        "optimizer": found.optimizer,
        "batch_size": found.batch_size,
        "present": found.present,
        "base": found.base,
        "rates": curve.rates.tolist(),
        "losses": [loss if np.isfinite(loss) else None for loss in curve.losses.tolist()],
        "smoothed_rates": curve.smoothed_rates.tolist(),
        "smoothed": curve.smoothed.tolist(),
        "minimum": curve.minimum,
        "steepest": curve.steepest,
        "tenth": curve.tenth,
        "suggestion": None if curve.suggestion is None else taken(curve.suggestion),
        "stopped_at": curve.stopped_at,
        "why": curve.why,
        "reason": curve.reason,
    }


def _lines(found: FoundRate, dataset: Dataset, parameters: int) -> list[str]:
    curve = found.curve
    where = f" at step {found.step:,}" if found.step else ""
    curves = [
        NamedCurve("smoothed", "*", np.log10(curve.smoothed_rates), curve.smoothed),
        NamedCurve("each batch", ".", np.log10(curve.rates), curve.losses),
    ]
    lines = [
        printable(
            f"{found.optimizer}, batches of {found.batch_size} of {dataset.name}, "
            f"{parameters:,} parameters{where}"
        ),
        *found_lines(found),
        "",
        chart("Loss by learning rate, log", curves, ChartStyle.of_stdout(), log=True, powers=True),
        "",
        *table(found),
    ]
    suggestion = curve.suggestion
    if suggestion is not None:
        lines += ["", f"to take the suggested rate: --lr {taken(suggestion):g}"]
    return lines
