"""The report at the end, and the exit status."""

from __future__ import annotations

from collections.abc import Callable

from digit_tui.run import wording
from digit_tui.run.events import RunEnded
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import print_failure
from digit_tui.session.final_report import final_report
from digit_tui.session.kept_run import fork_name, name_of, not_kept
from digit_tui.session.output import Output, print_error
from digit_tui.session.run_status import RunStatus


def conclude(
    run: RunStatus,
    output: Output,
    write: Callable[[str], None] | None,
    number: int | None,
    wrong: bool,
) -> int:
    """Print how a run has ended; returns the exit status.

    Args:
        run: its state.
        output: where a report goes.
        write: writes a line for a person; None prints the report for a script instead.
        number: of the signal that ended it, if one did.
        wrong: whether a script had lines that could not be carried out.
    """
    if run.failure is not None:
        return print_failure(run.failure)
    assert run.ended is not None
    lost = not_kept(run)
    if write is None:
        output.line(_report(run, run.ended))
        for line in lost:
            print_error(line)
    else:
        name = run.ended.run and name_of(run.ended.run)
        fork = fork_name(run)
        program = "digit-tui --plain"
        for line in wording.farewell(name, run.step, run.all_done, program, fork, lost):
            write(line)
    if run.save_trouble is not None:
        print_error(wording.not_saved(run.save_trouble))
    if number is not None:
        return ExitStatus.SIGNALLED + number
    if output.status is not None:
        return output.status
    if run.save_trouble is not None:
        return ExitStatus.DISK
    if run.ended.reason == "diverged":
        return ExitStatus.DIVERGED
    return ExitStatus.USAGE if wrong else ExitStatus.DONE


def _report(run: RunStatus, ended: RunEnded) -> str:
    assert run.dataset is not None
    fork = run.fork
    ends = None if fork is None or fork.ended is None else (fork.forked, fork.ended)
    return final_report(ended, len(run.dataset.train_labels), ends)
