"""What is said of a run that has ended: by the next run's log, and at the end of a front end."""

from __future__ import annotations

from pathlib import Path

from digit_tui.data import printable
from digit_tui.run import wording
from digit_tui.session.run_status import RunStatus
from digit_tui.storage.run_index import run_name


def kept_lines(run: RunStatus) -> list[str]:
    """By which names a run that has ended can be resumed, what is lost, and whether a save failed.

    Args:
        run: where it was in the end.
    """
    name = None if run.folder is None or not run.saved_step else run_name(Path(run.folder))
    trouble = [] if run.save_trouble is None else [wording.not_saved(run.save_trouble)]
    lost = not_kept(run)
    return [*wording.kept(name, fork_name(run)), *([lost] if lost else []), *trouble]


def fork_name(run: RunStatus) -> str | None:
    """By which name the fork can be resumed that trained beside a run until its end, if one did.

    It is safe to print.
    """
    if run.fork is None or run.fork.forked.run is None:
        return None
    return name_of(run.fork.forked.run)


def not_kept(run: RunStatus) -> str | None:
    """What was undone and is lost with a run that has ended, or what was not undone yet."""
    if run.given_up is not None:
        return wording.given_up(run.given_up)
    left = run.left_behind
    return None if left is None else wording.not_kept(run.lost_from, left.epoch)


def name_of(folder: str) -> str:
    """By which name a run in a folder can be resumed from anywhere; safe to print."""
    return printable(run_name(Path(folder)))
