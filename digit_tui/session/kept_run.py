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
    return [*wording.kept(name, fork_name(run)), *not_kept(run), *trouble]


def fork_name(run: RunStatus) -> str | None:
    """By which name the fork can be resumed that trained beside a run until its end, if one did.

    It is safe to print.
    """
    if run.fork is None or run.fork.forked.run is None:
        return None
    return name_of(run.fork.forked.run)


def not_kept(run: RunStatus) -> list[str]:
    """What was undone and is lost with a run that has ended, or what was not undone yet."""
    left, aim = run.left_behind, run.repeats_to
    lost = [] if left is None else [wording.not_kept(run.lost_from, left.epoch)]
    return lost if aim is None else [*lost, wording.on_its_way(aim)]


def name_of(folder: str) -> str:
    """By which name a run in a folder can be resumed from anywhere; safe to print."""
    return printable(run_name(Path(folder)))
