"""The files of a run's folder, and where the folders are."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_state_path

RECORD, JOURNAL, METRICS = "run.json", "journal.jsonl", "metrics.csv"
CHECKPOINT, PREVIOUS, BEST = "checkpoint.npz", "previous.npz", "best.npz"
"""The last checkpoint, the one before, and the best."""
CHECKPOINTS = (CHECKPOINT, PREVIOUS, BEST)
"""In the order in which they are tried."""
FILES = (*CHECKPOINTS, METRICS, JOURNAL, RECORD)
"""All that a run leaves, in the order in which it is removed: what tells that it is a run goes
last, so that a removal that failed half-way can be repeated."""

LEFT = "left"
"""State in run.json of a fork's branch that a person did not go on with."""


def runs_folder() -> Path:
    """Where runs go when the user names no folder."""
    return user_state_path("digit-tui") / "runs"
