"""A sweep under way: its events go to stderr and stdout, or to the screen, until it is over."""

from __future__ import annotations

import json
import sys
from types import FrameType

from digit_tui.cli.sweep.progress import progress_on_stderr
from digit_tui.cli.terminal import no_terminal
from digit_tui.session import signals
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.output import Output, print_error
from digit_tui.sweep.crew import Crew
from digit_tui.sweep.running import RunningSweep, join_command, started_event
from digit_tui.sweep.study import Sweep
from digit_tui.sweep.summary import Summary, summary_lines, summary_to_json


class Signals:
    """Counts the signals to end: the first saves all runs, the second does not wait for that."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.count = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        self.count += 1
        if self.count > 1:
            signals.reset(number)  # a third ends this process at once, and with it the workers


def run_sweep(
    sweep: Sweep,
    workers: int,
    processes: int,
    patience_seconds: float,
    target: float | None,
    batch: bool,
    as_json: bool,
) -> int:
    """Work on a study until it is over; returns the exit status.

    Args:
        sweep: the study.
        workers: on this machine.
        processes: for each run.
        patience_seconds: after which a silent worker is taken for lost.
        target: status 5 if the best accuracy on the held-out images is lower.
        batch: without a screen.
        as_json: print events as JSON Lines.
    """
    if not batch and not as_json and _has_screen():
        return _show(sweep, workers, processes, patience_seconds, target)
    output, received = Output(), Signals()
    with signals.handled_by(received):
        running = RunningSweep(sweep, Crew(sweep.place, processes, patience_seconds), workers)
        try:
            _listen(running, workers, output, received, as_json)
        except BaseException:
            running.crew.kill()
            raise
        if received.number is not None:
            if received.count == 1:
                print_error(f"the runs are saved; go on with: {join_command(sweep)}")
            return ExitStatus.SIGNALLED + received.number
        if output.status is not None:
            return output.status
        summary = running.summary()
        _print(summary, output, as_json)
    return _judge(running, summary, target) or output.status or ExitStatus.DONE


def _judge(running: RunningSweep, summary: Summary, target: float | None) -> int:
    """The exit status of a sweep in which nothing went wrong, and a line if it is not 0."""
    if summary.reason == "left":
        print_error(f"no worker is left; go on with: {join_command(running.sweep)}")
        return running.crew.statuses[0] if running.crew.statuses else ExitStatus.FAILURE
    best = summary.best_accuracy
    if target is not None and (best is None or best < target):
        print_error(f"the best accuracy on the held-out images, {best}, is below {target}")
        return ExitStatus.TARGET_MISSED
    return ExitStatus.DONE


def _has_screen() -> bool:
    return no_terminal() is None and sys.stdout is not None and sys.stdout.isatty()


def _show(
    sweep: Sweep, workers: int, processes: int, patience_seconds: float, target: float | None
) -> int:
    """Work on a study and show it on the screen; returns the exit status."""
    from digit_tui.tui.sweep import run_sweep_app

    running = RunningSweep(sweep, Crew(sweep.place, processes, patience_seconds), workers)
    try:
        status = run_sweep_app(running)
        while not running.ended():  # the runs are being saved
            running.next_event()
    finally:
        running.crew.kill()
    if status:
        return status
    output = Output()
    output.line(running.farewell())
    summary = running.summary()
    if summary.reason == "left":
        return output.status or ExitStatus.DONE  # by a person, who was told how it goes on
    return _judge(running, summary, target) or output.status or ExitStatus.DONE


def _listen(
    running: RunningSweep, workers: int, output: Output, received: Signals, as_json: bool
) -> None:
    """Tell what the workers tell, until they have all ended."""
    sweep, told = running.sweep, 0
    if as_json:
        output.line(json.dumps(started_event(sweep, workers)))
    with progress_on_stderr(sweep, workers, as_json) as progress:
        while not running.ended():
            event = running.next_event()
            if event is not None:
                progress.show(event)
                if as_json and event["event"] != "trouble":
                    output.line(json.dumps(event, allow_nan=False))
            if output.status is not None:
                running.leave()
            if received.count > told:
                told = received.count
                if told == 1:
                    progress.say("saving the runs under way; once more ends at once")
                    running.leave()
                else:
                    running.crew.kill()
                    return


def _print(summary: Summary, output: Output, as_json: bool) -> None:
    if as_json:
        output.line(json.dumps(summary_to_json(summary), allow_nan=False))
        return
    for line in summary_lines(summary):
        output.line(line)
