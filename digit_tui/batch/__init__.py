"""The headless front end: the same run without a screen. It owns stdout."""

from __future__ import annotations

import sys
from types import FrameType

from digit_tui.batch.event_printer import EventPrinter
from digit_tui.batch.progress import progress_on_stderr
from digit_tui.run.commands import Stop
from digit_tui.session import signals
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import EXPECTED, failure_of, print_failure
from digit_tui.session.notifier import Notifier, Told, send_to_terminal
from digit_tui.session.notify_choice import Notify
from digit_tui.session.output import Output, print_error
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest


class StopOnSignal:
    """Handles a signal: the run ends after the steps under way; a second signal ends it at once."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self.number: int | None = None
        """Of the signal that came."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        self._mailbox.send(Stop(reason="interrupted"))
        signals.reset(number)


def run_batch(
    request: RunRequest,
    as_json: bool,
    target_accuracy: float | None,
    notify: Notify | None = None,
) -> int:
    """Train headless and report; returns the exit status.

    Args:
        request: which run.
        as_json: print events as JSON Lines instead of a report at the end.
        target_accuracy: a lower final test accuracy, as a fraction, is a status of its own.
        notify: how to tell that the run has ended; None does not.
    """
    notifier = Notifier(notify, target_accuracy, alone=True)
    try:
        return _run(request, as_json, target_accuracy, notifier)
    finally:
        _pass_on(notifier.finish())


def _pass_on(told: list[Told]) -> None:
    for each in told:
        send_to_terminal(each.terminal)
        if each.trouble:
            print_error(each.trouble)


def _run(
    request: RunRequest, as_json: bool, target_accuracy: float | None, notifier: Notifier
) -> int:
    """Train headless and report; returns the exit status."""
    mailbox = Mailbox()
    output = Output()
    stop_on_signal = StopOnSignal(mailbox)
    with signals.handled_by(stop_on_signal):
        try:
            dataset = request.load_dataset()
            for note in dataset.notes:
                print_error(note)
            trainer = request.trainer(dataset, mailbox, interactive=False)
            events_on_screen = as_json and sys.stdout is not None and sys.stdout.isatty()
            with progress_on_stderr(quiet=events_on_screen) as progress:
                printer = EventPrinter(mailbox, output, as_json)
                for event in trainer.run():
                    progress.show(event)
                    printer.add(event)
                    notifier.see(event)
                    _pass_on(notifier.drain())
        except EXPECTED as error:
            failed = failure_of(error, request.path, "write the run's folder:")
            notifier.see(failed)
            return print_failure(failed)
        if not as_json:
            output.line(printer.report(len(dataset.train_labels)))

    if stop_on_signal.number is not None:
        return ExitStatus.SIGNALLED + stop_on_signal.number
    if output.status is not None:
        return output.status
    if printer.troubles:
        return printer.troubles[0]
    return _judge(printer, request, target_accuracy)


def _judge(printer: EventPrinter, request: RunRequest, target_accuracy: float | None) -> ExitStatus:
    """The exit status of a run in which nothing went wrong."""
    ended = printer.ended
    if request.fork is not None and printer.forked is None:
        print_error(f"--fork-at {request.fork[0]}: the run ended at step {ended.steps}")
        return ExitStatus.USAGE
    if request.replay is not None:
        # The results of a run that was interrupted while it was repeated are of another step.
        results = request.replay.record["results"] or {}
        before = results.get("weights_sha256")
        if results.get("steps") == ended.steps and before != ended.weights_sha256:
            print_error(f"the weights are not those of {request.replay.path}: {before}")
            return ExitStatus.FAILURE
    if target_accuracy is not None and ended.monitored_accuracy < target_accuracy:
        reached = f"{request.config.monitored_split} accuracy {ended.monitored_accuracy}"
        print_error(f"{reached} is below the target {target_accuracy}")
        return ExitStatus.TARGET_MISSED
    return ExitStatus.DONE
