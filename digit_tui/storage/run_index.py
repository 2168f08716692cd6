"""The saved runs in the state directory: list, find, measure and remove them."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from digit_tui.data import DataError, reason_of, resolve_source
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.lock import Lock, lock_owner
from digit_tui.storage.own_files import looks_own, own_name
from digit_tui.storage.run_files import FILES, LEFT, runs_folder, sweeps_folder
from digit_tui.storage.run_summary import RunSummary
from digit_tui.storage.saved_run import SavedRun

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a full disk."""
ELLIPSIS = "…"
"""In place of the middle of a long name."""
LAST = "last"
"""What the run can be called that was used last; see `_last_used`."""


def list_runs() -> tuple[list[RunSummary], list[str]]:
    """The runs in the state directory, and a line for each that cannot be read.

    The oldest is first, and the one that `find_run` calls "last" is last, also where a fork that
    trained beside it is newer.

    Raises:
        RunError: if the directory cannot be read.
    """
    runs, complaints = [], []
    for folder in _folders():
        try:
            runs.append(RunSummary.of(SavedRun.read(folder)))
        except RunError as error:
            # A run that just begins has no run.json yet; a folder without our files is not a run.
            if lock_owner(folder) is None and our_files(folder) != []:
                complaints.append(str(error))
    last = _last_used(run.saved for run in runs)
    return sorted(runs, key=lambda run: (run.saved is last, _age(run.saved))), complaints


def last_interrupted(asked: Mapping[str, object] | None = None) -> SavedRun | None:
    """The run in the state directory that was used last, if it was stopped or interrupted.

    Args:
        asked: fields of RunConfig with the values that the run must have to be returned.
    """
    last = None
    with contextlib.suppress(RunError):
        last = _last_used(_readable())
    if last is None or last.state() not in ("stopped", "interrupted"):
        return None
    agrees = all(_agrees(last, name, value) for name, value in (asked or {}).items())
    return last if agrees else None


def _agrees(run: SavedRun, name: str, value: object) -> bool:
    """Whether a field of a run's config is what was asked for."""
    if name != "data":
        return bool(getattr(run.config, name) == value)
    try:
        asked, trained = (resolve_source(str(each)).folder for each in (value, run.data))
        return asked.samefile(trained)
    except (DataError, OSError):  # a new run will say what is wrong
        return False


def _folders() -> list[Path]:
    try:
        return sorted(entry for entry in runs_folder().iterdir() if entry.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{runs_folder()} cannot be read: {reason_of(error)}") from error


def find_run(name: str) -> Path:
    """The folder of a run that the user named.

    Args:
        name: a path, a name in the state directory, or a beginning of such a name that no other
            run has but forks of the one that is meant, or its ends with a "…" between them, as
            lists show long names; "last" is the one that was begun or resumed last, and not the
            fork that trained beside it; STUDY/NUMBER is the trial of a sweep.

    Raises:
        RunError: if no run matches, or more than one.
    """
    if name and os.path.exists(name):
        return Path(os.path.abspath(name))
    if (trial := _trial_folder(name)) is not None:
        return trial
    start, _, end = name.partition(ELLIPSIS)
    found = [
        folder
        for folder in _folders()
        if name and folder.name.startswith(start) and folder.name.endswith(end)
    ]
    if name == LAST and not found:
        last = _last_used(_readable())
        if last is None:
            raise RunError(f"there is no last run: none is saved in {runs_folder()}")
        return last.path
    shortest = min(found, key=lambda folder: len(folder.name), default=None)
    if shortest is not None and (
        shortest.name == name or all(folder.name.startswith(shortest.name) for folder in found)
    ):
        return shortest
    if found:
        names = ", ".join(folder.name for folder in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise RunError(f"{name} may be {names}{more}: write more of the name")
    raise RunError(f"there is no folder {name!r}, and no run of that name in {runs_folder()}")


def _trial_folder(name: str) -> Path | None:
    """The run of a sweep's trial that is called STUDY/NUMBER, if there is one."""
    study, _, number = name.partition("/")
    if not number or "/" in number or {study, number} & {"", ".", ".."}:
        return None
    folder = sweeps_folder() / study / number
    return folder if folder.is_dir() else None


def _readable() -> Iterator[SavedRun]:
    """The runs in the state directory whose run.json can be read."""
    for folder in _folders():
        with contextlib.suppress(RunError):
            yield SavedRun.read(folder)


def _age(run: SavedRun) -> tuple[datetime, bool]:
    """What runs are sorted by, the oldest first."""
    return run.started, "forked_from" in run.record  # both may begin within a second


def _last_use(run: SavedRun) -> tuple[datetime, bool]:
    """When a run was begun or resumed; of a run and its fork that is the same second perhaps."""
    return run.used, "forked_from" in run.record


def _last_used(saved: Iterable[SavedRun]) -> SavedRun | None:
    """Of some runs the one that was begun or resumed last.

    It is no repetition, nor a branch of a fork that was not continued.

    Where a run and its fork trained until the same end, however that came, it is the run.
    """
    ways = (run for run in saved if run.record["state"] != LEFT and run.replay_of is None)
    runs = {run.path.name: run for run in ways}
    last = max(runs.values(), key=_last_use, default=None)
    while last is not None and (forked := last.record.get("forked_from")) is not None:
        original = runs.pop(Path(forked["run"]).name, None)  # once each: files may lie
        if original is None or _went_on_alone(last, original):
            break
        last = original
    return last


def _went_on_alone(fork: SavedRun, original: SavedRun) -> bool:
    """Whether a fork was trained after the run that it was forked from, not beside it."""
    fork_resumed, original_resumed = _resumed(fork), _resumed(original)
    if fork_resumed is not None:
        return original_resumed is None or fork_resumed >= original_resumed
    if original_resumed is not None and original_resumed > fork.started:
        return False
    # What diverges ends, and the other one goes on.
    return [run.record["state"] == "diverged" for run in (original, fork)] == [True, False]


def _resumed(run: SavedRun) -> datetime | None:
    """When a run was last resumed; None if it never was, or its journal is damaged."""
    with contextlib.suppress(RunError):
        return run.history().resumed
    return None


def run_name(folder: Path) -> str:
    """The shortest name by which `find_run` finds this folder's run from anywhere."""
    folder = Path(os.path.abspath(folder))
    if folder.parent.parent == sweeps_folder():
        return f"{folder.parent.name}/{folder.name}"
    return folder.name if folder.parent == runs_folder() else str(folder)


def our_files(folder: Path) -> list[Path] | None:
    """The files of a run in a folder, in the order of FILES; None if it cannot be read.

    Temporary files that a killed process left behind are included. Files that were not made by
    this program, and links, are not.
    """
    try:
        names = sorted(os.listdir(folder))
        return [
            folder / name
            for own in FILES
            for name in names
            if own_name(name) == own and looks_own(folder / name)
        ]
    except OSError:
        return None


def size_of(folder: Path) -> int:
    """The size of the files in a run's folder, in bytes; hard-linked files count once."""
    sizes = {}
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):  # removed meanwhile
                about = os.lstat(folder / name)
                if stat.S_ISREG(about.st_mode):
                    sizes[about.st_dev, about.st_ino] = about.st_size
    return sum(sizes.values())


def check_removable(folder: Path) -> None:
    """Check that a folder is a run and not in use.

    In the state directory a damaged run will do; elsewhere files of the same names may belong to
    another program, so run.json must be readable.

    Raises:
        RunError: if the folder is not a run, or a process uses it.
    """
    home = folder.resolve().parent == runs_folder().resolve()
    if not (home and our_files(folder)):
        SavedRun.read(folder)
    owner = lock_owner(folder)
    if owner is not None:
        raise RunTaken(f"{folder} is in use by process {owner or 'unknown'}: quit that first")


def remove_run(folder: Path) -> list[str]:
    """Remove the files of a run, and its folder if it is then empty.

    Returns:
        The names of other files in the folder, which are kept.

    Raises:
        RunError: if the folder is not a run, or another process uses it.
        OSError: if the disk refuses; run.json is the last file to be removed.
    """
    folder = folder.resolve()
    check_removable(folder)
    lock = None
    try:
        lock = Lock(folder)  # no process can resume it from here on
    except OSError as error:
        # A full disk has no room for the lock file, and is a reason to remove runs.
        if error.errno not in FULL:
            raise
    try:
        for file in our_files(folder) or ():
            file.unlink(missing_ok=True)
    finally:
        if lock is not None:
            lock.release()
    left = sorted(os.listdir(folder))
    if not left:
        folder.rmdir()
    return left
