"""What the next run's log says of the run before it."""

from __future__ import annotations

from pathlib import Path

from digit_tui.run import wording
from digit_tui.session.run_status import RunStatus
from digit_tui.storage.run_index import run_name


def kept_lines(run: RunStatus) -> list[str]:
    """By which names a run that has ended can be resumed, and whether its last save failed.

    Args:
        run: where it was in the end.
    """
    fork = None if run.fork is None else run.fork.forked.run
    names = [
        None if folder is None else run_name(Path(folder))
        for folder in (run.folder if run.saved_step else None, fork)
    ]
    trouble = [] if run.save_trouble is None else [wording.not_saved(run.save_trouble)]
    return [wording.kept(*names), *trouble]
