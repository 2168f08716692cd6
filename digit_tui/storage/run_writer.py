"""Writing a run to disk, under a lock: run.json, journal.jsonl, metrics.csv and checkpoints."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from errno import EIO
from pathlib import Path
from typing import Any, NamedTuple

from digit_tui.config import RunConfig
from digit_tui.data.drawings import Drawings
from digit_tui.run.commands import Lineage
from digit_tui.run.event_json import event_to_json
from digit_tui.run.events import EpochEnded, Evaluated
from digit_tui.run.lineage import is_ancestor, lineage_to_json
from digit_tui.run.teacher import Teacher
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.checkpoint_files import CheckpointFiles
from digit_tui.storage.drawing_files import all_drawings, write_drawings
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.history import History, Trouble
from digit_tui.storage.initial_weights import InitialWeights, write_initial
from digit_tui.storage.journal import (
    JournalFile,
    Line,
    command_line,
    evaluated_line,
    go_back_line,
    iter_journal,
)
from digit_tui.storage.journal_lines import ENDED, TEST_OPENED
from digit_tui.storage.lock import Lock
from digit_tui.storage.metrics_file import MetricsFile
from digit_tui.storage.own_files import check_own, is_taken, sweep
from digit_tui.storage.run_files import (
    CHECKPOINT,
    CHECKPOINTS,
    INITIAL,
    JOURNAL,
    METRICS,
    RECORD,
    TEACHER,
    runs_folder,
)
from digit_tui.storage.run_record import Record, new_record, resumed_record, write_record
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.storage.teacher_file import write_teacher
from digit_tui.storage.validation import Invalid


class ForkedFrom(NamedTuple):
    """The run that a fork is a copy of."""

    writer: RunWriter
    step: int
    """Where it was forked."""


class RunWriter:
    """Writes the folder of a run that is being trained; the lock keeps other processes out.

    Attributes:
        path: the folder.
        history: what the journal says, without the results of the epochs; `past` has these too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history = History(keeps_epochs=False)
        self._record: Record = {}
        self._created: list[Path] = []
        self._drawings: set[Path] = set()  # files of them
        self._lock: Lock | None = None
        self._journal: JournalFile | None = None
        self._metrics = MetricsFile(path / METRICS, self._epochs)
        self._checkpoints = CheckpointFiles(path)

    @classmethod
    def fresh(cls, config: RunConfig, initial: InitialWeights | None = None) -> RunWriter:
        """A new folder in the state directory, named for the time and the preset, or "import"."""
        kind = config.preset if initial is None else "import"
        base = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{kind}"
        return cls(runs_folder() / f"{base}_{os.urandom(4).hex()}")

    def begin(
        self,
        config: RunConfig,
        data: dict[str, Any],
        forked: ForkedFrom | None = None,
        initial: InitialWeights | None = None,
        past: History | None = None,
        taught: Iterable[Drawings] = (),
        teacher: Teacher | None = None,
        replay_of: Path | None = None,
    ) -> None:
        """Create the folder of a new run and write what is known before the first step.

        Args:
            config: the run's.
            data: Dataset.summary()
            forked: the original run, if this one is a fork.
            initial: the weights that it begins with, if they do not follow from its seed.
            past: what the run went through so far, if it began without a folder.
            taught: drawings that it was taught so far.
            teacher: that it is distilled from.
            replay_of: the folder of the run that it repeats, if it does.

        Raises:
            RunTaken: if the folder holds a run already, or another process uses it.
            RunError: if the folder's lock was not made by this program.
            OSError: if it cannot be created or written.
        """
        for folder in (self.path, *self.path.parents):
            if folder.exists():
                break
            self._created.append(folder)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(self.path)
        except OSError as error:
            self._remove_created()
            raise self._named(error) from error
        if is_taken(self.path):
            self.close()
            raise RunTaken(f"{self.path} holds a run already: name another folder with --run")
        try:
            sweep(self.path)
            self._journal = JournalFile(self.path / JOURNAL)
            self._record = new_record(config, data, _now())
            if initial is not None:
                self._record["initial_weights"] = initial.record
                write_initial(self.path, initial)
            if teacher is not None:
                self._record["teacher"] = write_teacher(self.path, teacher)
            if replay_of is not None:
                self._record["replay_of"] = str(replay_of.absolute())
            if forked is not None:
                self._record["forked_from"] = {
                    "run": str(forked.writer.path.absolute()),
                    "step": forked.step,
                }
                for drawings in all_drawings(forked.writer.path):
                    self.keep_drawings(drawings)
                self._append_past(forked.writer.past())
                self.history.start = forked.step
            for each in taught:
                self.keep_drawings(each)
            if past is not None:
                self._append_past(past)
            write_record(self.path, self._record)  # from here on the folder is a run
            self._metrics.write()
        except OSError as error:
            self.discard()
            raise self._named(error) from error
        except BaseException:
            self.discard()
            raise

    def _named(self, error: OSError) -> OSError:
        """The error with the path of the folder, if the system named no file."""
        error.filename = error.filename or str(self.path)
        return error

    def _append_past(self, past: History) -> None:
        # At the same step the epoch comes first: it ended with that step, before any command.
        lines = [*past.epochs, *past.evaluations, *lineage_to_json(past.lineage)]
        for line in sorted(lines, key=lambda line: int(line["step"])):
            self._append(line)
        if past.test_opened is not None:
            self._append({"event": TEST_OPENED, "step": past.test_opened})

    def take_over(self) -> None:
        """Lock the folder of an existing run, to resume it.

        Raises:
            RunTaken: if another process uses it.
            RunError: if a file to be written was not made by this program.
            OSError: if the lock file cannot be created.
        """
        try:
            self._lock = Lock(self.path)
            check_own(self.path)
            sweep(self.path)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                self._named(error)
            raise

    def resume(self, saved: SavedRun, start_point: StartPoint, step: int) -> None:
        """Continue writing a run, after `take_over`.

        Args:
            saved: the run as it was read.
            start_point: where the trainer resumes it.
            step: the first step that it will make is the one after this.

        Raises:
            OSError: if a file cannot be written.
        """
        assert start_point.history is not None
        state, damaged = start_point.state, CHECKPOINT in saved.damaged
        latest = None if state is None else (state.step, state.lineage)
        self._checkpoints = CheckpointFiles(self.path, start_point.best, latest, damaged)
        now = _now()
        self._record = resumed_record(saved.record, now)
        self.history = start_point.history.without_epochs()
        try:
            self._journal = JournalFile(self.path / JOURNAL)
            self._append({"event": "resumed", "step": step, "time": now})
            self._metrics.write()
            write_record(self.path, self._record)
        except OSError as error:
            raise self._named(error) from error

    def _epochs(self) -> Iterator[Line]:
        """The results of the epochs in force, one by one; repeated ones more than once.

        Raises:
            OSError: if the journal cannot be read, or has been damaged.
        """
        path, history = self.path / JOURNAL, self.history
        with self._readable_journal():
            yield from History.epochs_of(iter_journal(path), history.step, history.lineage)

    def past(self) -> History:
        """What the journal on disk says, with the results of the epochs.

        Raises:
            OSError: if it cannot be read, or has been damaged.
        """
        with self._readable_journal():
            return History.of(iter_journal(self.path / JOURNAL))

    @contextlib.contextmanager
    def _readable_journal(self) -> Iterator[None]:
        try:
            yield
        except (RunError, Invalid) as error:
            path = str(self.path / JOURNAL)
            raise OSError(EIO, f"the journal is damaged: {error}", path) from error

    def keep_drawings(self, drawings: Drawings) -> None:
        """Have drawings in the folder, before the command that teaches them is recorded.

        Raises:
            RunError: if somebody else has a file in their place.
            OSError: if the disk refuses.
        """
        self._drawings.add(write_drawings(self.path, drawings))

    def command_applied(self, lineage: Lineage) -> None:
        """Record that the last command of a lineage took effect.

        Raises:
            OSError: if the disk refuses; the line is written with the next one.
        """
        known = self.history.lineage
        if known[: len(lineage)] != lineage:  # else it is being repeated, and is recorded already
            self._append(command_line(lineage))

    def went_back(self, step: int, to: int, lineage: Lineage) -> None:
        """Record that the run went from `step` back to the step `to`, which has this lineage.

        Raises:
            OSError: if the disk refuses; the line is written with the next one.
        """
        self._checkpoints.go_back(to, lineage)
        self._metrics.forget()
        left = self.history.lineage
        self._append(go_back_line(step, to, lineage))
        if is_ancestor(to, lineage, step, left):
            self._metrics.go_back(to)
        else:  # to another way, which has epochs of its own
            self._metrics.write()

    def forked(self, step: int, path: Path, changes: str) -> None:
        """Record that a copy of the run trains beside it, in the folder `path`.

        `changes` says in words what differs in it.

        Raises:
            OSError: if the disk refuses; the line is written with the next one.
        """
        self._append(
            {"event": "forked", "step": step, "run": str(path.absolute()), "changes": changes}
        )

    def opened_test(self, step: int) -> None:
        """Record that the test set was evaluated, in a run monitored on the validation set.

        Raises:
            OSError: if the disk refuses; the line is written with the next one.
        """
        self._append({"event": TEST_OPENED, "step": step})

    def ended_epoch(self, event: EpochEnded) -> None:
        """Record the results of an epoch.

        Raises:
            OSError: if the disk refuses; the line is written with the next one.
        """
        line = event_to_json(event)
        self._append(line)
        self._metrics.add(line)

    def evaluated(self, event: Evaluated) -> None:
        """Record an evaluation of the monitored split that was no end of an epoch.

        Raises:
            OSError: if the disk refuses; the line is written with the next one.
        """
        self._append(evaluated_line(event))

    @property
    def best_accuracy(self) -> float:
        """The highest monitored accuracy of the checkpoints so far, as a fraction."""
        return self._checkpoints.best.accuracy

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint; the previous one is kept, and so is the best.

        Raises:
            OSError: if the disk refuses; the checkpoints that were there are intact.
        """
        assert self._journal is not None
        self._journal.sync()
        self._checkpoints.write(checkpoint)
        self._append({"event": "checkpoint_saved", "step": checkpoint.state.step, "time": _now()})
        # A run does not resume from a checkpoint that is ahead of the journal.
        self._journal.sync()

    def end(self, state: str, results: Mapping[str, Any], trouble: Trouble | None = None) -> None:
        """Write how the run ended.

        Args:
            state: finished, stopped, interrupted, diverged or LEFT.
            results: the final results, as in the event RunEnded.
            trouble: in which a person left it; None if in none.

        Raises:
            OSError: if the disk refuses; run.json is as before.
        """
        line = {"event": ENDED, "state": state, "step": results["steps"], "time": _now()}
        if trouble is not None:
            way = trouble._asdict()
            del way["at"]  # the line has that step
            line["trained_on" if way.pop("trained_on") else "trouble"] = way
        self._append(line)
        self._metrics.complete()
        self._record |= {"state": state, "results": dict(results)}
        write_record(self.path, self._record)

    def close(self) -> None:
        """Close the files and release the lock."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def discard(self) -> None:
        """Remove the files and folders that `begin` created."""
        self.close()
        with contextlib.suppress(OSError):
            for name in (RECORD, JOURNAL, METRICS, INITIAL, TEACHER, *CHECKPOINTS):
                (self.path / name).unlink(missing_ok=True)
            for path in self._drawings:
                path.unlink(missing_ok=True)
        self._remove_created()

    def _remove_created(self) -> None:
        for folder in self._created:
            with contextlib.suppress(OSError):  # not created, or not empty
                folder.rmdir()

    def _append(self, line: dict[str, Any]) -> None:
        assert self._journal is not None
        self.history.add(line)
        self._journal.append(line)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
