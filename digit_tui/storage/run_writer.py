"""Writing a run to disk: run.json, journal.jsonl, metrics.csv and checkpoints, under a lock."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from errno import EIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from digit_tui.config import RunConfig
from digit_tui.run.commands import Lineage, lineage_to_json
from digit_tui.run.events import EpochEnded, to_json
from digit_tui.run.versions import versions
from digit_tui.storage.atomic import sweep, sync_folder, write_whole
from digit_tui.storage.checkpoint import SCHEMA, Checkpoint
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.journal import (
    TEST_OPENED,
    History,
    JournalFile,
    command_line,
    go_back_line,
    read_journal,
)
from digit_tui.storage.lock import Lock
from digit_tui.storage.metrics_file import MetricsFile
from digit_tui.storage.run_files import (
    BEST,
    CHECKPOINT,
    CHECKPOINTS,
    JOURNAL,
    METRICS,
    PREVIOUS,
    RECORD,
    runs_folder,
)

if TYPE_CHECKING:
    from digit_tui.storage.saved_run import SavedRun


class ForkedFrom(NamedTuple):
    """The run that another is a copy of."""

    folder: RunWriter
    step: int


class RunWriter:
    """The folder of one run that is being trained. It is this process's alone, until `close`.

    Attributes:
        path: where it is.
        history: what its journal tells, but for the results of its epochs; see `past`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history = History(keeps_epochs=False)
        self.best_accuracy = 0.0
        self._record: dict[str, Any] = {}
        self._made: list[Path] = []
        self._lock: Lock | None = None
        self._journal: JournalFile | None = None
        self._metrics = MetricsFile(path / METRICS, lambda: self.past().epochs)
        self._previous_is_better = False  # than the last checkpoint, which is damaged

    @classmethod
    def fresh(cls, config: RunConfig) -> RunWriter:
        """A folder of its own in the state directory, named for the time and the preset."""
        base = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{config.preset}"
        return cls(runs_folder() / f"{base}_{os.urandom(4).hex()}")

    def begin(
        self, config: RunConfig, data: dict[str, Any], forked: ForkedFrom | None = None
    ) -> None:
        """Make the folder of a new run and write what is known before the first step.

        Args:
            config: the run's.
            data: Dataset.summary()
            forked: from which run, if it is the copy of one.

        Raises:
            RunTaken: if the folder holds a run already, or another process uses it.
            OSError: if it can not be made or written.
        """
        for folder in (self.path, *self.path.parents):
            if folder.exists():
                break
            self._made.append(folder)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(self.path)
        except OSError as error:
            self._remove_made()
            raise self._named(error) from error
        if self._is_taken():
            self.close()
            raise RunTaken(f"{self.path} holds a run already: name another folder with --run")
        try:
            self._sweep()
            self._journal = JournalFile(self.path / JOURNAL)
            self._record = {
                "schema": SCHEMA,
                "state": "running",
                "started": _now(),
                "config": config.to_json(),
                "data": data,
                "versions": versions(),
                "results": None,
            }
            if forked is not None:
                self._record["forked_from"] = {
                    "run": str(forked.folder.path.absolute()),
                    "step": forked.step,
                }
                self._append_past(forked.folder.past())
            self._write_record()  # with it the run is there
            self._metrics.write()
        except OSError as error:
            self.discard()
            raise self._named(error) from error
        except BaseException:
            self.discard()
            raise

    def _named(self, error: OSError) -> OSError:
        """An error that says where, also if the system did not."""
        error.filename = error.filename or str(self.path)
        return error

    def _sweep(self) -> None:
        sweep(self.path, (RECORD, METRICS, *CHECKPOINTS))

    def _is_taken(self) -> bool:
        names = [name for name in (RECORD, METRICS, *CHECKPOINTS) if (self.path / name).exists()]
        with contextlib.suppress(OSError):
            # An empty journal alone is of a run that never began.
            return bool(names) or (self.path / JOURNAL).stat().st_size > 0
        return bool(names)

    def _append_past(self, past: History) -> None:
        # At the same step the epoch came first: it ended with the step, before any command.
        lines = [*past.epochs, *lineage_to_json(past.lineage)]
        for line in sorted(lines, key=lambda line: int(line["step"])):
            self._append(line)
        if past.test_opened is not None:
            self._append({"event": TEST_OPENED, "step": past.test_opened})

    def take_over(self) -> None:
        """Take the lock of a run that exists, to go on with it.

        Raises:
            RunTaken: if another process uses it.
            OSError: if the lock can not be made.
        """
        self._lock = Lock(self.path)
        self._sweep()

    def resume(self, saved: SavedRun, history: History, step: int, best: float) -> None:
        """Go on with a run, after `take_over`.

        Args:
            saved: the run as it was read.
            history: what its journal tells, but for the results of its epochs; see `past`.
            step: where it goes on.
            best: the highest test accuracy of its checkpoints.

        Raises:
            OSError: if a file can not be written.
        """
        self._previous_is_better = CHECKPOINT in saved.damaged
        self._record = saved.record | {"state": "running", "results": None, "versions": versions()}
        self.history, self.best_accuracy = history.without_epochs(), best
        try:
            self._journal = JournalFile(self.path / JOURNAL)
            self._append({"event": "resumed", "step": step, "time": _now()})
            self._metrics.write()
            self._write_record()
        except OSError as error:
            raise self._named(error) from error

    def past(self) -> History:
        """All that its journal tells, from the disk.

        Raises:
            OSError: if it can not be read, or somebody has damaged it.
        """
        path = self.path / JOURNAL
        try:
            return History.of(read_journal(path))
        except (RunError, KeyError, TypeError, ValueError) as error:
            raise OSError(EIO, f"the journal is damaged: {error}", str(path)) from error

    def command_applied(self, lineage: Lineage) -> None:
        """The last command of a lineage has taken effect.

        Raises:
            OSError: if the disk refuses; it is tried again with the next line.
        """
        known = self.history.lineage
        if known[: len(lineage)] != lineage:  # else it is repeated on the way to where it once was
            self._append(command_line(lineage))

    def went_back(self, step: int, to: int, lineage: Lineage) -> None:
        """The run stands at another moment.

        Raises:
            OSError: if the disk refuses; it is tried again with the next line.
        """
        self._metrics.forget()
        self._append(go_back_line(step, to, lineage))
        self._metrics.write()

    def forked(self, step: int, path: Path) -> None:
        """A copy of the run trains beside it.

        Raises:
            OSError: if the disk refuses; it is tried again with the next line.
        """
        self._append({"event": "forked", "step": step, "run": str(path.absolute())})

    def opened_test(self, step: int) -> None:
        """The test digits were looked at, though the run is watched with others.

        Raises:
            OSError: if the disk refuses; it is tried again with the next line.
        """
        self._append({"event": TEST_OPENED, "step": step})

    def ended_epoch(self, event: EpochEnded) -> None:
        """An epoch has ended.

        Raises:
            OSError: if the disk refuses; it is tried again with the next line.
        """
        line = to_json(event)
        self._append(line)
        self._metrics.add(line)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint; the one before is kept, and the best.

        Raises:
            OSError: if the disk refuses; what was saved before is intact.
        """
        assert self._journal is not None
        self._journal.sync()
        content = checkpoint.to_bytes()
        path = self.path / CHECKPOINT
        previous = None if self._previous_is_better else self.path / PREVIOUS
        write_whole(path, lambda file: file.write(content), previous)
        self._previous_is_better = False
        accuracy = checkpoint.accuracy
        if accuracy is not None and accuracy >= self.best_accuracy:
            self._keep_as_best(path)
            self.best_accuracy = accuracy
        self._append({"event": "checkpoint_saved", "step": checkpoint.state.step, "time": _now()})
        self._journal.sync()  # a checkpoint beyond what the journal tells is not gone on from

    def _keep_as_best(self, path: Path) -> None:
        """Give the file a second name; a file system without links gets a copy."""
        second = self.path / f".{BEST}.link"
        try:
            second.unlink(missing_ok=True)
            os.link(path, second)
        except OSError:
            content = path.read_bytes()
            write_whole(self.path / BEST, lambda file: file.write(content))
            return
        try:
            os.replace(second, self.path / BEST)
        except BaseException:
            with contextlib.suppress(OSError):
                second.unlink()
            raise
        sync_folder(self.path)

    def end(self, state: str, results: Mapping[str, Any]) -> None:
        """Write what became of the run.

        Args:
            state: finished, stopped, interrupted, diverged or LEFT.
            results: what its weights reached.

        Raises:
            OSError: if the disk refuses; run.json is as before.
        """
        self._append({"event": "ended", "state": state, "step": results["steps"], "time": _now()})
        self._record |= {"state": state, "results": dict(results)}
        self._write_record()

    def close(self) -> None:
        """Let others have it."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def discard(self) -> None:
        """Remove what `begin` made."""
        self.close()
        with contextlib.suppress(OSError):
            for name in (RECORD, JOURNAL, METRICS, *CHECKPOINTS):
                (self.path / name).unlink(missing_ok=True)
        self._remove_made()

    def _remove_made(self) -> None:
        for folder in self._made:
            with contextlib.suppress(OSError):  # it was not made, or something else is in it
                folder.rmdir()

    def _append(self, line: dict[str, Any]) -> None:
        assert self._journal is not None
        self.history.add(line)
        self._journal.append(line)

    def _write_record(self) -> None:
        text = json.dumps(self._record, indent=2, ensure_ascii=False) + "\n"
        # Of a file name that is no UTF-8 it makes escapes of JSON.
        content = text.encode(errors="backslashreplace")
        write_whole(self.path / RECORD, lambda file: file.write(content))


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
