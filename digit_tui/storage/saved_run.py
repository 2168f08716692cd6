"""Reading a saved run: its configuration and results, its journal, and its checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import AddEpochs
from digit_tui.run.lineage import position
from digit_tui.run.teacher import Teacher
from digit_tui.storage.checkpoint import Checkpoint, Expected, read_checkpoint
from digit_tui.storage.differences import dataset_difference
from digit_tui.storage.errors import OtherRun, RunError
from digit_tui.storage.history import History
from digit_tui.storage.initial_weights import InitialWeights, read_initial
from digit_tui.storage.journal import Line, read_journal
from digit_tui.storage.lock import lock_owner
from digit_tui.storage.run_files import BEST, CHECKPOINTS, JOURNAL, LEFT
from digit_tui.storage.run_record import Record, read_record
from digit_tui.storage.teacher_file import read_teacher
from digit_tui.storage.validation import Invalid

SavedState = Literal["running", "open", "finished", "stopped", "interrupted", "diverged"]


@dataclass(eq=False)
class SavedRun:
    """A run's folder, as it was read."""

    path: Path
    record: Record
    """The content of run.json."""
    config: RunConfig

    def __post_init__(self) -> None:
        self.complaints: list[str] = []
        """Why a checkpoint could not be read, one line each; filled by `checkpoints`."""
        self.damaged: list[str] = []
        """The names of those checkpoint files."""

    @classmethod
    def read(cls, path: Path) -> SavedRun:
        """Read run.json.

        Raises:
            RunError: if the folder is not a run, or the file is damaged.
        """
        record, config = read_record(path)
        return cls(path, record, config)

    @property
    def data(self) -> str:
        """The dataset's name or folder.

        For "auto" it is the dataset that was used: "auto" may mean another one by now.
        """
        name = self.config.data
        return str(self.record["data"]["name"]) if name == "auto" else name

    @property
    def image_counts(self) -> tuple[int, int]:
        """How many training images, held-out ones included, and test images it began with."""
        summary = self.record["data"]
        held_out = int(summary["validation_images"])
        return int(summary["training_images"]) + held_out, int(summary["test_images"])

    @property
    def started(self) -> datetime:
        """When the run began, in the local time zone."""
        return datetime.fromisoformat(self.record["started"]).astimezone()

    @property
    def used(self) -> datetime:
        """When it was last begun or resumed, in the local time zone."""
        resumed = self.record.get("resumed")  # versions before 0.15.1 did not note it
        return self.started if resumed is None else datetime.fromisoformat(resumed).astimezone()

    @property
    def start(self) -> int:
        """The step at which it was forked; 0 if it is no fork."""
        forked = self.record.get("forked_from")
        return 0 if forked is None else int(forked["step"])

    @property
    def replay_of(self) -> str | None:
        """The folder of the run that it repeated; None if it did not, or has gone on since."""
        return self.record.get("replay_of")

    @property
    def began_with(self) -> str | None:
        """The name of the file with the weights that it began with; None if they were drawn."""
        initial = self.record.get("initial_weights")
        return None if initial is None else str(initial["source"])

    def state(self) -> SavedState:
        """Whether the run is running, or finished and still open; if not, how it ended."""
        if lock_owner(self.path) is not None:
            return "open" if self._all_epochs_done() else "running"
        state = self.record["state"]
        if state == "finished" or self._all_epochs_done():
            return "finished"
        if state == LEFT:  # its other branch was kept
            return "stopped"
        return state if state in ("stopped", "diverged") else "interrupted"

    def _all_epochs_done(self) -> bool:
        """True also if the process was killed after the last epoch, before run.json said so."""
        try:
            history = self.history()
        except RunError:
            return False
        more = sum(
            applied.command.count
            for applied in history.lineage
            if isinstance(applied.command, AddEpochs)
        )
        planned = (self.config.epochs or 0) + more
        return bool(history.epochs) and history.epochs[-1]["epoch"] >= planned

    def lines(self) -> list[Line]:
        """The lines of the journal.

        Raises:
            RunError: if it is damaged.
        """
        return read_journal(self.path / JOURNAL, self.config.monitored_split)

    def history(self) -> History:
        """What the journal says.

        Raises:
            RunError: if it is damaged.
        """
        try:
            return History.of(self.lines(), self.start)
        except Invalid as error:
            raise RunError(f"{self.path / JOURNAL} is damaged: {error}") from None

    def left_at(self) -> float:
        """The epoch that it had come to.

        Raises:
            RunError: if the journal is damaged.
        """
        history = self.history()
        return self.epoch_at(history.end, history)

    def epoch_at(self, step: int, history: History) -> float:
        """The epoch, and the part of it, of a step on the way that its history tells."""
        images: int = self.record["data"]["training_images"]
        return position(step, history.lineage, self.config.batch_size, images)

    def checkpoints(self) -> Iterator[Checkpoint]:
        """The checkpoints that can be read, newest first; `complaints` says why others cannot.

        Raises:
            RunError: if a checkpoint belongs to another run than run.json.
        """
        for name in CHECKPOINTS:
            try:
                checkpoint = self._read(name)
            except FileNotFoundError:
                continue
            except OtherRun:
                raise
            except RunError as error:
                self.complaints.append(str(error))
                self.damaged.append(name)
            else:
                yield checkpoint

    def _read(self, name: str) -> Checkpoint:
        return read_checkpoint(self.path / name, Expected(self.config, self.record["data"]))

    def checkpoint(self, best: bool = False) -> Checkpoint:
        """The newest checkpoint that can be read, or the best one.

        Raises:
            RunError: if there is none.
        """
        if best:
            try:
                return self._read(BEST)
            except FileNotFoundError:
                raise RunError(f"{self.path} has no {BEST}: no epoch was saved yet") from None
        for checkpoint in self.checkpoints():
            return checkpoint
        if self.complaints:
            raise RunError(self.complaints[0])
        raise RunError(f"{self.path} has no weights yet: the run was not saved")

    def initial(self) -> InitialWeights | None:
        """The weights that it began with; None if they follow from its seed.

        Raises:
            RunError: if their file is missing, or has changed.
        """
        return read_initial(self.path, self.record, self.config)

    def teacher(self) -> Teacher | None:
        """The teacher that it is distilled from; None if it has none.

        Raises:
            RunError: if the file is missing, or has changed.
        """
        return read_teacher(self.path, self.record)

    @property
    def teacher_about(self) -> dict[str, Any] | None:
        """What RunStarted says of the teacher; None if it has none. Its file is not read."""
        about = self.record.get("teacher")
        if about is None:
            return None
        names = [each["source"] for each in about["members"]]
        return {"runs": names, "temperature": about["temperature"], "weight": about["weight"]}

    def check_dataset(self, dataset: Dataset) -> None:
        """Check that a dataset is the one that the run was trained on.

        Raises:
            RunError: if it is not.
        """
        different = dataset_difference(dataset.summary(), self.record["data"])
        if different:
            raise RunError(
                f"{dataset.source} is not the dataset that {self.path} was trained on ({different})"
            )
