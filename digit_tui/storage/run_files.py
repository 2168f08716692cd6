"""The names of the files in a run's folder, and where the folders and files of the program are."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_config_path, user_state_path

RECORD, JOURNAL, METRICS = "run.json", "journal.jsonl", "metrics.csv"
CHECKPOINT, PREVIOUS, BEST = "checkpoint.npz", "previous.npz", "best.npz"
"""The latest checkpoint, the previous one, and the best."""
CHECKPOINTS = (CHECKPOINT, PREVIOUS, BEST)
"""In the order in which they are tried on resume."""
CALIBRATION = "calibration.json"
DRAWINGS = "drawings-SUM"
"""Drawings that the run was taught; SUM is the SHA-256 of the file."""
INITIAL = "initial.npz"
"""The weights that the run began with, if they were imported."""
TEACHER = "teacher.npz"
"""The networks that the run is distilled from, if it has a teacher."""
FILES = (CALIBRATION, *CHECKPOINTS, METRICS, DRAWINGS, INITIAL, TEACHER, JOURNAL, RECORD)
"""All files of a run, in the order in which they are removed: run.json, which makes a folder a run,
goes last, so that a removal that failed halfway can be repeated."""

LOCK = "lock"
"""Says which process trains the run."""

LEFT = "left"
"""The state in run.json of the branch of a fork that was not continued."""


def drawings_name(sha256: str) -> str:
    """The name of the file of drawings with this sum."""
    return DRAWINGS.replace("SUM", sha256)


def runs_folder() -> Path:
    """Where runs are saved if the user gives no folder."""
    return user_state_path("digit-tui") / "runs"


def sweeps_folder() -> Path:
    """Where sweeps are kept, a folder each with the runs of its trials."""
    return user_state_path("digit-tui") / "sweeps"


def error_report() -> Path:
    """Where errors of the program itself are reported."""
    return user_state_path("digit-tui") / "errors.log"


def theme_file() -> Path:
    """Has the name of the theme that was chosen last."""
    return user_state_path("digit-tui") / "theme"


def tips_seen() -> Path:
    """A file that is there once the tips of the first start were seen."""
    return user_state_path("digit-tui") / "tips-seen"


def config_file() -> Path:
    """Has the user's defaults for options; it need not be there."""
    return user_config_path("digit-tui") / "config.toml"


def keys_file() -> Path:
    """Has the user's keys; it need not be there."""
    return user_config_path("digit-tui") / "keys.toml"
