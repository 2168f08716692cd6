"""A saved run, as it was read: facts, and the way to train on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digit_tui.api.history import History
from digit_tui.api.run import Run
from digit_tui.api.trained import Measured, Trained, count_words, read_only, told
from digit_tui.config import RunConfig, available_processors
from digit_tui.data import Dataset, load_dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.nn import Network, PredictionHistory, evaluate
from digit_tui.run.settings import Settings
from digit_tui.storage.calibration_file import calibration_of
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.run_index import find_run, run_name
from digit_tui.storage.saved_run import SavedRun as Folder
from digit_tui.storage.saved_run import SavedState
from digit_tui.training.run_request import resume_request

TRAINS = ("train", "events", "set", "undo", "fork")
"""What a run does that trains, and a saved one does not."""


class SavedRun(Trained):
    """A run in its folder, read-only: what it knows is of the moment when it was opened."""

    def __init__(self, path: Path, best: bool = False) -> None:
        """Read a run; see `open_run`."""
        self._folder = Folder.read(path)
        self._best = best
        self._checkpoint: Checkpoint = self._folder.checkpoint(best)
        self._lines = [
            line
            for line in self._folder.history().epochs
            if line["step"] <= self._checkpoint.state.step
        ]

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder.path

    @property
    def name(self) -> str:
        """The shortest name by which it is found."""
        return run_name(self.path)

    @property
    def started(self) -> datetime:
        """When it began."""
        return self._folder.started

    @property
    def state(self) -> SavedState:
        """finished, stopped, interrupted or diverged; running or open while a process has it."""
        return self._folder.state()

    @property
    def config(self) -> RunConfig:
        """All that determines the run, beside the data and the commands."""
        return self._folder.config

    @property
    def settings(self) -> Settings:
        """Those in force in the end."""
        return self._checkpoint.state.settings

    @property
    def step(self) -> int:
        """Steps that its network has made."""
        return self._checkpoint.state.step

    @property
    def epoch(self) -> float:
        """The same in epochs."""
        return self._checkpoint.epoch

    @property
    def history(self) -> History:
        return History.of(self._lines, self.config.monitored_split)

    @property
    def network(self) -> Network:
        return read_only(self._checkpoint.network)

    @property
    def weights_sha256(self) -> str:
        """Hex SHA-256 of the weights, and of their average if the run keeps one."""
        return self._checkpoint.state.weights_sha256

    @property
    def temperature(self) -> float | None:
        """What `digit-tui calibrate` fitted to this network; None if it did not.

        `predict_proba(images, temperature=saved.temperature)` makes use of it.
        """
        calibration, _ = calibration_of(self.path, self.weights_sha256)
        return None if calibration is None else calibration.temperature

    @cached_property
    def dataset(self) -> Dataset:
        """The digits that it was trained on.

        Raises:
            DataError: if they cannot be read.
            RunError: if they have changed since.
        """
        counts = self._folder.image_counts
        dataset = load_dataset(self._folder.data, self.config.side, counts=counts)
        dataset = hold_out(dataset, self.config.validation)
        self._folder.check_dataset(dataset)
        return dataset

    def _measure(self, split: str) -> Measured:
        evaluation = evaluate(self.network, *self.dataset.split(split))
        monitored = split == self.dataset.monitored_split
        history = self._checkpoint.state.history if monitored else PredictionHistory()
        return Measured(evaluation, history)

    def resume(self) -> Run:
        """Train on, in the same folder: bit for bit as if it had not stopped.

        Raises:
            DataError: if its digits cannot be read.
            RunError: if another process uses it, or its digits have changed.
            OSError: if its folder cannot be written.
        """
        request = resume_request(self.path)
        processes = min(request.config.threads, available_processors())
        return Run._of(replace(request, processes=processes))

    if not TYPE_CHECKING:  # for mypy it would have all attributes

        def __getattr__(self, name: str) -> Any:
            """Say how a run is had that trains, to who takes this for one."""
            reason = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name in TRAINS:
                reason = f"a saved run has no {name}(): resume() gives a run that trains"
            raise AttributeError(reason, name=name, obj=self)

    def __repr__(self) -> str:
        """Such as <SavedRun NAME: classic on sample, 784-128-10, epoch 5 of 5, step 160, ...>."""
        widths = "-".join(map(str, self._checkpoint.sizes))
        where = count_words(self.step, round(self.epoch, 3), self.settings.epochs)
        accuracy = told(self._checkpoint.accuracy, self.config.monitored_split)
        best = " (its best)" if self._best else ""
        what = f"{self.config.preset} on {self._folder.record['data']['name']}, {widths}"
        return f"<SavedRun {self.name}{best}: {what}, {where}, {accuracy}, {self.state}>"


def open_run(run: str | PathLike[str] = "last", *, best: bool = False) -> SavedRun:
    """Open a saved run.

    Args:
        run: its folder, its name in the state directory or the beginning of one; "last" is the one
            that was begun or resumed last.
        best: its checkpoint with the best accuracy, not the last one.

    Raises:
        RunError: if there is none, or it cannot be read.
    """
    return SavedRun(find_run(fspath(run)), best)
