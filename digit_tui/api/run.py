"""A run that a program trains and steers."""

from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Iterator
from math import inf
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import Any, Unpack

from digit_tui.api.digits import ARRAYS
from digit_tui.api.errors import ConfigError, RunError
from digit_tui.api.fork import Fork
from digit_tui.api.history import History
from digit_tui.api.options import (
    CHANGES,
    SETTINGS,
    ChangeOptions,
    RunOptions,
    SettingOptions,
    check_commands,
    config_of,
    setting_commands,
)
from digit_tui.api.session import Session
from digit_tui.api.trained import Measured, Trained, count_words, read_only, told
from digit_tui.config import SOURCES, RunConfig, absolute_data
from digit_tui.data import Dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.nn import Network, evaluate
from digit_tui.run.commands import Fork as ForkCommand
from digit_tui.run.commands import Lineage, OpenTest, Save, Setting, Undo
from digit_tui.run.events import Evaluated, Event, Inspected
from digit_tui.run.lineage import lineage_to_json
from digit_tui.run.settings import Settings
from digit_tui.storage.history import History as Journal
from digit_tui.storage.journal_lines import TEST_OPENED
from digit_tui.storage.run_index import run_name
from digit_tui.storage.run_writer import RunWriter
from digit_tui.training.run_request import RunRequest


class Run(Trained):
    """A network in training: the same trainer, and the same bits, as `digit-tui --batch`.

    It trains in this process and, with more than one thread, in worker processes, while one of its
    methods is called; in between it is at rest. `close`, the end of a `with` block, and garbage
    collection end the processes. Ctrl+c ends the steps under way: the run is at rest, and can go
    on. A second one breaks off: then the run is closed, as it was at its last rest.

    It is in memory alone, unless a folder is given, or until it is saved.
    """

    def __init__(
        self,
        preset: str = "standard",
        *,
        data: str | PathLike[str] | Dataset = "auto",
        folder: str | PathLike[str] | None = None,
        **options: Unpack[RunOptions],
    ) -> None:
        """Begin a run; it has made no step yet.

        Args:
            preset: classic, standard or record, whose values the options replace.
            data: the digits: a name or a folder as `load_digits` takes it, or a dataset.
            folder: where to save the run as it trains, as `--run` does; it is made. None keeps the
                run in memory.
            options: as the command line has them, with the names of RunConfig: hidden, optimizer,
                learning_rate, schedule, batch_size, epochs, weight_decay, clip_norm, clip_value,
                augment, average, validation, side, seed, threads.

        Raises:
            ConfigError: if an option is unknown or out of range.
            DataError: if the digits cannot be read.
            RunError: if the folder holds a run already, or another process uses it.
            OSError: if the folder cannot be written.
        """
        dataset: Dataset | None = None
        if isinstance(data, Dataset):
            dataset, name = data, _name_of(data)
            if options.setdefault("side", data.side) != data.side:
                wanted = f"the digits have a side of {data.side} pixels, not {options['side']}"
                raise ConfigError("side", f"{wanted}: load them with side={options['side']}")
            if data.validation_labels is not None:
                reason = "the digits have a held-out set already"
                raise ConfigError("validation", f"{reason}: give Run(validation=...) instead")
        else:
            name = absolute_data(fspath(data))
        config = config_of(preset, name, options)
        path = None if folder is None else Path(folder).expanduser()
        request = RunRequest(config, path)
        if dataset is None:
            dataset = request.load_dataset()
        else:
            dataset = hold_out(dataset, config.validation)
        if path is not None:
            _check_keepable(dataset)
        self._start(request, dataset, kept=path is not None)

    @classmethod
    def _of(cls, request: RunRequest) -> Run:
        """The run of a request, in its folder."""
        run = cls.__new__(cls)
        run._start(request, request.load_dataset(), kept=True)
        return run

    def _start(self, request: RunRequest, dataset: Dataset, kept: bool) -> None:
        self._session = Session(request, dataset, kept)
        self._changes: list[tuple[Lineage, int]] = []  # how many commands each `set` gave
        # Not by __del__: this also comes before the interpreter ends, while it can still save.
        self._finalizer = weakref.finalize(self, self._session.close)

    # Training

    def train(self, epochs: int | None = 1, *, steps: int | None = None) -> Run:
        """Train on, and come back at rest.

        Args:
            epochs: to the end of so many; the one under way is one of them. None trains until all
                epochs of the run are done, or for the given steps.
            steps: so many steps instead, however many epochs that is.

        Returns:
            The run itself.

        Raises:
            DivergedError: if the network diverged; the run is at rest before that step.
            RunError: if all epochs are done already, or the run is closed.
        """
        deque(self.events(epochs, steps=steps), maxlen=0)
        return self

    def events(self, epochs: int | None = 1, *, steps: int | None = None) -> Iterator[Event]:
        """Train on, and yield what happens as it happens; see `digit_tui.run.events`.

        Between two events the run can be changed and looked at: then it pauses there and goes on
        with the next event. Where the loop is left early the run is at rest.

        Args:
            epochs: see `train`; likewise `steps`.
            steps: how many.

        Raises:
            ConfigError: if epochs or steps are no positive whole numbers.
            DivergedError, RunError: see `train`.
        """
        for name, count in (("epochs", epochs), ("steps", steps)):
            whole = isinstance(count, int) and not isinstance(count, bool)
            if count is not None and not (whole and count > 0):
                raise ConfigError(name, f"{name}: {count!r} is not a positive whole number")
        if epochs is None or steps is not None:
            return self._session.train(inf, steps)
        return self._session.train(epochs)

    def set(self, *commands: Setting, **settings: Unpack[SettingOptions]) -> Run:
        """Change settings, from the next step on.

        Args:
            commands: such as `digit_tui.run.commands.Prune(0.3)`, before the settings.
            settings: optimizer, learning_rate, clip_norm, clip_value, augment, batch_size, epochs:
                the whole length of the run, which can only grow. With an optimizer comes its own
                learning rate, unless one is given. Clipping that is None is none.

        Returns:
            The run itself.

        Raises:
            ConfigError: if a setting is unknown or out of range: then none is changed.
            RefusedError: if a command cannot be carried out.
        """
        self._session.rest()
        given = [*commands, *setting_commands(settings, SETTINGS, self.settings)]
        check_commands(given, self.settings, self.config)
        before = len(self._lineage)
        self._session.ask(*given)
        self._changes.append((self._lineage, len(self._lineage) - before))
        return self

    def undo(self) -> Run:
        """Go back to before the last `set`, or to before a divergence or spike.

        What happened since is undone. It may take a moment: steps from the nearest snapshot on are
        made again.

        Returns:
            The run itself.

        Raises:
            RefusedError: if no setting was changed, or there is a fork.
        """
        self._session.rest()
        count = next((count for made, count in self._changes if made == self._lineage), 1)
        trouble = self._session.status.state in ("diverged", "spike")
        for _ in range(1 if trouble else max(count, 1)):
            self._session.ask(Undo(), pause=False)
        return self

    def fork(self, *commands: Setting, **changes: Unpack[ChangeOptions]) -> Fork:
        """Make a copy that trains beside the run from now on, on the same batches.

        Args:
            commands: such as `digit_tui.run.commands.Prune(0.3)`, before the other changes.
            changes: optimizer, learning_rate, clip_norm, clip_value, augment.

        Returns:
            The copy, to be compared, and kept or dropped.

        Raises:
            ConfigError: if a change is unknown or out of range.
            RefusedError: if there is a fork already, or nothing would differ.
        """
        self._session.rest()
        given = [*commands, *setting_commands(changes, CHANGES, self.settings)]
        check_commands(given, self.settings, self.config)
        self._session.ask(ForkCommand(tuple(given)))
        return Fork(self._session, self)

    # Where it is

    @property
    def config(self) -> RunConfig:
        """All that determines the run, beside the data and the commands."""
        return self._session.config

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._session.status.settings

    @property
    def step(self) -> int:
        """Steps made."""
        return self._session.status.step

    @property
    def epoch(self) -> float:
        """Completed epochs, and the part of the one under way."""
        return self._session.status.epoch

    @property
    def finished(self) -> bool:
        """Whether all its epochs are done."""
        return self._session.status.all_done

    @property
    def closed(self) -> bool:
        """Whether nothing trains it any more."""
        return self._session.ended

    @property
    def folder(self) -> Path | None:
        """Where it is saved; None if it is in memory."""
        folder = self._session.folder
        return None if folder is None else Path(folder)

    @property
    def dataset(self) -> Dataset:
        return self._session.dataset

    @property
    def history(self) -> History:
        return History.of(self._session.log.lines, self.dataset.monitored_split)

    @property
    def network(self) -> Network:
        return read_only(self._now().evaluated_network)

    @property
    def weights_sha256(self) -> str:
        """Hex SHA-256 of the weights, and of their average if the run keeps one: as `--batch`
        reports it."""
        return self._now().state.weights_sha256

    @property
    def _lineage(self) -> Lineage:
        return self._now().state.lineage

    def _now(self) -> Inspected:
        if not self.closed:
            self._session.rest()
        return self._session.inspected["run"]

    def _measure(self, split: str) -> Measured:
        self._now()
        session, found = self._session, self._session.status.evaluated
        assert found is not None
        if split == found.split:
            return Measured(found.evaluation, found.history)
        if self.closed:
            return Measured(evaluate(self.network, *self.dataset.split(split)), found.history)
        for event in session.ask(OpenTest()):
            if isinstance(event, Evaluated) and event.split == split:
                found = event
        return Measured(found.evaluation, found.history)

    # Saving

    def save(self, folder: str | PathLike[str] | None = None) -> Path:
        """Save the run, so that `open_run` and `digit-tui --resume` go on with it.

        From then on it is saved as it trains.

        Args:
            folder: where; it is made. None is where it is saved already, or else a new one in the
                state directory, where `digit-tui runs` lists it.

        Returns:
            The folder.

        Raises:
            RunError: if the folder holds a run already, the run has another one, or its digits
                came from arrays; or if there is a fork, for a run that was in memory.
            OSError: if it cannot be written.
        """
        session = self._session
        session.rest()
        wanted = None if folder is None else Path(folder).expanduser()
        if self.folder is None:
            _check_keepable(self.dataset)
            if session.status.fork is not None:
                raise RunError("keep or drop the fork first: a run in memory is saved without one")
            writer = RunWriter.fresh(self.config) if wanted is None else RunWriter(wanted)
            session.keep_in(writer, self._past())
        elif wanted is not None and os.path.abspath(wanted) != os.path.abspath(self.folder):
            raise RunError(f"the run is saved in {self.folder} already")
        session.saved = None
        session.ask(Save())
        if session.saved is None:
            raise RunError(f"the run was not saved: {session.status.save_trouble}")
        assert self.folder is not None
        return self.folder

    def _past(self) -> Journal:
        """What it went through, as a journal would tell it."""
        lines: list[dict[str, Any]] = [*self._session.log.lines, *lineage_to_json(self._lineage)]
        lines.sort(key=lambda line: int(line["step"]))  # at the same step the epoch came first
        opened = self._session.status.test_opened
        if opened is not None:
            lines.append({"event": TEST_OPENED, "step": opened})
        return Journal.of(lines)

    def close(self) -> None:
        """End the run: save it, if it has a folder, and end its worker processes.

        What was measured can still be asked for. To go on: `open_run(folder).resume()`.
        """
        self._finalizer()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        """Such as <Run standard on sample, 784-512-256-10: epoch 2 of 20, step 64, ...>."""
        session = self._session
        status, found = session.status, session.status.evaluated
        widths = "-".join(map(str, status.network))
        where = count_words(status.step, round(status.epoch, 3), status.settings.epochs)
        accuracy = None if found is None or not status.step else found.evaluation.accuracy
        told_accuracy = f", {told(accuracy, found.split)}" if found and status.step else ""
        fork = ", with a fork" if status.fork is not None and not self.closed else ""
        kept = "in memory" if session.folder is None else run_name(Path(session.folder))
        closed = ", closed" if self.closed else ""
        name = f"{self.config.preset} on {self.dataset.name}, {widths}"
        return f"<Run {name}: {where}{told_accuracy}{fork}, {kept}{closed}>"


def _name_of(dataset: Dataset) -> str:
    """The option --data that gives a dataset again; ARRAYS if none does."""
    if dataset.name in SOURCES:
        return dataset.name
    return dataset.source if os.path.isdir(dataset.source) else ARRAYS


def _check_keepable(dataset: Dataset) -> None:
    """Check that a saved run will find its digits again.

    Raises:
        RunError: if they are in memory alone.
    """
    if _name_of(dataset) == ARRAYS:
        advice = "write them as IDX files (digit_tui.data.write_idx), and give that folder as data"
        raise RunError(f"a saved run needs its digits again, and these are in memory: {advice}")
