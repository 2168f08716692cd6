"""A run that a program trains and steers."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterator
from enum import Enum
from math import inf
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Unpack

from digit_tui.api.digits import data_name
from digit_tui.api.errors import ConfigError, RunError
from digit_tui.api.fork import Fork
from digit_tui.api.given_teacher import GivenTeacher, given_teacher
from digit_tui.api.given_weights import GivenWeights, check_classes, given_network, source_of
from digit_tui.api.keeping import check_keepable, name_of, save
from digit_tui.api.live import LiveRun
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
from digit_tui.data import DataError, Dataset, counted, load_dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.run.commands import Fork as ForkCommand
from digit_tui.run.commands import Lineage, Setting, Undo
from digit_tui.run.events import Event
from digit_tui.storage.initial_weights import InitialWeights
from digit_tui.training.run_request import RunRequest


class OneEpoch(Enum):
    """The epochs of `Run.train` where none are given: those that are given go without steps."""

    DEFAULT = 1

    def __repr__(self) -> str:
        """As it is to be read in the signature."""
        return "1"


ONE_EPOCH = OneEpoch.DEFAULT


class Run(LiveRun):
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
        weights: GivenWeights | None = None,
        teacher: GivenTeacher | None = None,
        distill_temperature: float | None = None,
        distill_weight: float | None = None,
        **options: Unpack[RunOptions],
    ) -> None:
        """Begin a run; it has made no step yet.

        Args:
            preset: classic, sprint, standard or record, whose values the options replace.
            data: the digits: a name or a folder as `load_digits` takes it, or a dataset.
            folder: where to save the run as it trains, as `--run` does; it is made. None keeps the
                run in memory.
            weights: to begin with, instead of those that follow from the seed: a file that
                `digit-tui import` reads; or of each layer the weights (inputs, outputs) and the
                biases (outputs,). The hidden layers and the side are theirs.
            teacher: to be distilled from, as `--teacher` does: a saved run or its name, another
                run, or a network; a list of them is a committee. It is copied.
            distill_temperature: what logits are divided by for that; None is 2.
            distill_weight: the share of the loss that the teacher decides, from 0 to 1; None is
                0.5.
            options: as the command line has them, with the names of RunConfig: hidden, optimizer,
                learning_rate, schedule, batch_size, epochs, weight_decay, clip_norm, clip_value,
                sam, augment, elastic, average, validation, side, seed, threads.

        Raises:
            ConfigError: if an option is unknown, of the wrong type or out of range.
            DataError: if the digits cannot be read, or the weights or the teacher are none of a
                network for them.
            ImportError: if a package is missing that reads the file of weights.
            RunError: if the folder holds a run already, or another process uses it; or if a
                teacher cannot be read.
            OSError: if the folder cannot be written.
        """
        for name, number in (
            ("distill_temperature", distill_temperature),
            ("distill_weight", distill_weight),
        ):
            if teacher is None and number is not None:
                raise ConfigError(name, f"{name} is for a run with a teacher")
        distilled = (
            None if teacher is None else given_teacher(teacher, distill_temperature, distill_weight)
        )
        given = None if weights is None else given_network(weights, options)
        dataset: Dataset | None = None
        if isinstance(data, Dataset):
            dataset, name = data, name_of(data)
            if options.setdefault("side", data.side) != data.side:
                wanted = f"the digits have a side of {data.side} pixels, not {options['side']!r}"
                raise ConfigError("side", f"{wanted}: leave side out, or load them with that")
            if data.validation_labels is not None:
                reason = "the digits have a held-out set already"
                raise ConfigError("validation", f"{reason}: give Run(validation=...) instead")
        else:
            name = data_name(data)
        config = config_of(preset, name, options)
        path = None if folder is None else Path(folder).expanduser()
        initial = None if given is None else InitialWeights(given.parameters, source_of(weights))
        request = RunRequest(config, path, initial=initial, teacher=distilled)
        if dataset is None:
            dataset = load_dataset(config.data, config.side)
        images = len(dataset.train_labels)
        if config.validation >= images:  # hold_out names the option of the command line
            there = f"{dataset.source} has {counted(images, 'training image')}"
            raise DataError(f"validation: {config.validation} is too many: {there}")
        dataset = hold_out(dataset, config.validation)
        if given is not None:
            check_classes(given, dataset)
        if distilled is not None:
            distilled.check(dataset)
        if path is not None:
            check_keepable(dataset)
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

    def train(self, epochs: int | OneEpoch | None = ONE_EPOCH, *, steps: int | None = None) -> Run:
        """Train on, and come back at rest.

        Args:
            epochs: to the end of so many; the one under way is one of them. None trains until all
                epochs of the run are done, or for the given steps.
            steps: so many steps instead, however many epochs that is.

        Returns:
            The run itself.

        Raises:
            ConfigError: if epochs or steps are no positive whole numbers, or both are given.
            DivergedError: if the network diverged; the run is at rest before that step.
            RunError: if all epochs are done already, or the run is closed.
        """
        deque(self.events(epochs, steps=steps), maxlen=0)
        return self

    def events(
        self, epochs: int | OneEpoch | None = ONE_EPOCH, *, steps: int | None = None
    ) -> Iterator[Event]:
        """Train on, and yield what happens as it happens; see `digit_tui.run.events`.

        Between two events the run can be changed and looked at: then it pauses there and goes on
        with the next event. Where the loop is left early the run is at rest.

        Args:
            epochs: see `train`; likewise `steps`.
            steps: how many.

        Raises:
            ConfigError, DivergedError, RunError: see `train`.
        """
        if isinstance(epochs, OneEpoch):
            epochs = 1 if steps is None else None
        for name, count in (("epochs", epochs), ("steps", steps)):
            whole = isinstance(count, int) and not isinstance(count, bool)
            if count is not None and not (whole and count > 0):
                raise ConfigError(name, f"{name}: {count!r} is not a positive whole number")
        if epochs is not None and steps is not None:
            raise ConfigError("steps", f"epochs={epochs}, steps={steps}: give one of them")
        return self._session.train(inf if epochs is None else epochs, steps)

    def set(self, *commands: Setting, **settings: Unpack[SettingOptions]) -> Run:
        """Change settings, from the next step on.

        Args:
            commands: such as `digit_tui.run.commands.Prune(0.3)`, before the settings.
            settings: optimizer, learning_rate, clip_norm, clip_value, sam, augment, batch_size,
                epochs: the whole length of the run, which can only grow. With an optimizer comes
                its own learning rate, unless one is given. Clipping that is None is none.

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
            changes: optimizer, learning_rate, clip_norm, clip_value, sam, augment.

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
                came from arrays; if there is a fork, for a run that was in memory; or if it
                cannot be written.
        """
        try:
            return save(self._session, None if folder is None else Path(folder).expanduser())
        except OSError as error:
            raise RunError(f"cannot save the run: {error}") from error

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
