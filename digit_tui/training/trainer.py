"""The run: commands in, events out, one deterministic step after the other."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from time import perf_counter

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.batches import BLOCK
from digit_tui.engine.stepper import NotFinite, Stepper
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.run import commands
from digit_tui.run.commands import Lineage
from digit_tui.run.events import (
    Diverged,
    Event,
    Paused,
    Refused,
    Restored,
    Resumed,
    RunStarted,
)
from digit_tui.run.state import RunState
from digit_tui.run.versions import versions
from digit_tui.run.wording import divergence, setting_words
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.branch import Branch
from digit_tui.training.branch_pair import BranchPair
from digit_tui.training.command_queue import CommandQueue
from digit_tui.training.command_source import CommandSource
from digit_tui.training.pace import Pace
from digit_tui.training.undo import UndoManager

SAVE_SECONDS = 30.0
"""A checkpoint is written at least this often."""
SAVE_SHARE = 0.02
"""Checkpoints at the ends of epochs take at most this share of the time: quick epochs go without,
and would be learned again, to the bit, in less time than it takes to save them."""
POINT_SHARE = 0.01
"""Likewise the copies of the state at half epochs that undo goes back to."""

TROUBLES = ("diverged", "spike")
"""Reasons to pause that going back may mend."""


class Trainer:
    """One run of one network on one data set, and a fork of it where one is asked for.

    Attributes:
        saving: the time that checkpoints have taken.
        keeping: likewise the copies of the state in memory.
    """

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        source: CommandSource,
        folder: RunWriter | None = None,
        interactive: bool = False,
        start_point: StartPoint | None = None,
    ) -> None:
        """Set up a run; nothing is trained before `run` is iterated.

        Args:
            config: how it goes.
            dataset: the digits, at the side that the config names.
            source: where commands come from.
            folder: where it is saved; None keeps nothing.
            interactive: somebody is there: keep snapshots to go back to, and pause instead of
                going on with a network that is lost, or of ending when all epochs are done.
            start_point: where it begins; None is with fresh weights.
        """
        images = len(dataset.train_labels)
        self._config = config = config.for_images(images)
        self._dataset = dataset
        self._interactive = interactive
        self._images = images
        self._sizes = sizes = (dataset.pixels, *config.hidden, dataset.classes)
        # With a fork, commands are looked at when both branches are level, not after each order.
        self._pool = WorkerPool.for_run(
            config, sizes, dataset, lambda: source.waiting() and not self._branches.forked
        )
        self._start_point = start_point or StartPoint()
        state = RunState.begin(config, sizes, self._pool.vectors)
        if self._start_point.state is not None:
            state.become(self._start_point.state)
        stepper = Stepper(config, self._pool)
        self._branches = BranchPair(
            Branch(config, sizes, dataset, self._pool, stepper, state, folder)
        )

        if self._start_point.history is not None:
            self._branches.run.test_opened = self._start_point.history.test_opened
        self._commands = CommandQueue(source, self._start_point.scheduled)
        self._paused: str | None = None  # the reason
        self._pause_after: str | None = None  # batch or epoch
        self._stop: commands.Stop | None = None
        self._undo_manager = UndoManager(dataset.classes)
        self.saving = Pace(SAVE_SHARE)
        self.keeping = Pace(POINT_SHARE)
        self._started = perf_counter()

    @property
    def state(self) -> RunState:
        """Where the run stands."""
        return self._branches.run.state

    def run(self) -> Iterator[Event]:
        """Train, yielding what happens; see `digit_tui.run.events`."""
        self._started = perf_counter()
        try:
            with self._pool:
                yield from self._begin()
                while self._stop is None:
                    yield from self._turn()
                yield from self._end(self._stop.reason)
        finally:
            self._branches.close()

    def _begin(self) -> Iterator[Event]:
        branch, state, history = self._branches.run, self.state, self._start_point.history
        data = self._dataset.summary()
        if branch.folder is not None and history is None:
            branch.folder.begin(self._config, data)
        yield RunStarted(
            config=self._config.to_json(),
            data=data,
            network=self._sizes,
            parameters=len(state.parameters),
            versions=versions(),
            run=str(branch.folder.path) if branch.folder else None,
            settings=state.settings,
        )
        if history is not None:
            yield Restored(
                step=state.step,
                epoch=branch.position,
                epochs=[epoch for epoch in history.epochs if epoch["step"] <= state.step],
                complaints=list(self._start_point.complaints),
                test_opened=branch.test_opened,
                lineage=state.lineage,
                settings=state.settings,
            )
        yield branch.evaluate()
        if self._interactive:
            yield self._undo_manager.keep(branch)

    def _end(self, reason: str) -> Iterator[Event]:
        told: list[list[Event]] = []
        for branch in self._branches.each():
            untouched = not branch.steps_made and not branch.saved and not branch.finished
            if branch.folder is not None and untouched and self._start_point.history is None:
                branch.folder.discard()
                branch.folder = None
            ended = branch.end(reason, perf_counter() - self._started)
            told.append(list(self._branches.tell(branch, ended)))
        for events in reversed(told):  # the run's end is the last event
            yield from events

    # Commands

    def _turn(self) -> Iterator[Event]:
        """What is done between two looks at whether to stop."""
        # A single step that was asked for comes before the next command: presses add up.
        if self._pause_after != "batch":
            yield from self._obey_all()
        if self._stop is not None:
            return
        if self._branches.finished and self._paused is None:
            if not self._interactive:
                self._stop = commands.Stop(reason="finished")
                return
            yield from self._save()
            yield from self._pause("finished")
        if self._paused is None:
            yield from self._train()
        elif (command := self._commands.wait(self.state.step)) is not None:
            yield from self._obey(command)

    def _obey_all(self) -> Iterator[Event]:
        """Obey what is due."""
        ask_again = True
        while ask_again:
            ask_again = False
            for command in self._commands.due(self.state.step):
                yield from self._obey(command)
                if self._stop is not None or self._pause_after == "batch":
                    return
                if isinstance(command, commands.GoBack | commands.Undo):
                    ask_again = True  # what is due where it stands now is something else
                    break

    def _obey(self, command: commands.Command) -> Iterator[Event]:
        match command:
            case commands.Pause():
                if self._paused is None:
                    yield from self._pause("asked")
            case commands.Resume():
                yield from self._resume()
            case commands.StepBatch() | commands.StepEpoch():
                if not self._branches.finished:
                    self._pause_after = (
                        "batch" if isinstance(command, commands.StepBatch) else "epoch"
                    )
                yield from self._resume()
            case commands.Save():
                yield from self._save(asked=True)
            case commands.Stop():
                self._stop = command
            case commands.OpenTest():
                yield from self._open_test()
            case commands.Keep(fork):
                yield from self._keep(fork)
            case _ if self._branches.forked and not isinstance(command, commands.AddEpochs):
                yield Refused(self.state.step, "Two branches are compared: keep one (k) first.")
            case commands.Undo():
                yield from self._undo()
            case commands.GoBack(step, lineage):
                yield from self._go_back(step, lineage)
            case commands.Fork():
                yield from self._branches.split(command, self._config, self._dataset.summary())
                if self._branches.forked:
                    yield from self._save()
            case _:
                yield from self._change(command)

    def _open_test(self) -> Iterator[Event]:
        if self._dataset.monitored_split == "test":
            yield Refused(self.state.step, "The run is watched with the test digits already.")
            return
        for branch in self._branches.each():
            yield from self._branches.tell(branch, branch.open_test())

    def _pause(self, reason: str) -> Iterator[Event]:
        self._paused = reason
        self._pause_after = None
        for branch in self._branches.each():
            yield from self._branches.tell(branch, branch.publish())
        yield Paused(self.state.step, self._branches.run.position, reason)
        for branch in self._branches.each():
            yield from self._branches.tell(branch, [branch.evaluate()])

    def _resume(self) -> Iterator[Event]:
        if self._branches.finished:
            yield Refused(self.state.step, "All epochs are done: add some to train on.")
        elif self._paused is not None:
            if self._paused == "spike":
                self._undo_manager.forgive()
            self._paused = None
            yield Resumed(self.state.step, self._branches.run.position)

    def _change(self, command: commands.Setting) -> Iterator[Event]:
        finished, lineage = self._branches.finished, self.state.lineage
        for branch in self._branches.each():
            if self._interactive and branch is self._branches.run:
                yield self._undo_manager.keep(branch, setting_words(command))
            # A remedy is not to blame for what it was meant to mend.
            changed = branch.change(command, blameless=self._paused in TROUBLES)
            yield from self._branches.tell(branch, changed)
        if self._interactive and self.state.lineage != lineage:
            yield self._undo_manager.steered(self._branches.run)
        if finished and not self._branches.finished:
            yield from self._resume()

    def _undo(self) -> Iterator[Event]:
        lineage = self.state.lineage
        if self._paused in TROUBLES:
            step, before = self._undo_manager.last_good(self._branches.run)
            if len(before) == len(lineage):  # the same would happen again
                yield from self._go_back(step, before)
                return
            self._paused = None
            yield from self._go_back(step, before)
            yield Resumed(self.state.step, self._branches.run.position)
        elif lineage:
            yield from self._go_back(lineage[-1].step, lineage[:-1])
        else:
            yield Refused(self.state.step, "Nothing to take back: no setting was changed yet.")

    def _go_back(self, step: int, lineage: Lineage) -> Iterator[Event]:
        branch, state = self._branches.run, self.state
        for event in self._undo_manager.go_back(branch, step, lineage):
            yield event
            if isinstance(event, Refused):
                return
        scheduled: list[tuple[int, commands.Command]] = list(lineage[len(state.lineage) :])
        if self._paused is not None and state.step < step:
            scheduled.append((step, commands.Pause()))
        self._commands.schedule(scheduled)
        if self._paused is not None and state.step < step:
            self._paused = None
            yield Resumed(state.step, branch.position)
        elif self._paused is not None:
            yield from self._pause("asked")
        yield branch.evaluate()
        yield from self._save()

    def _keep(self, fork: bool) -> Iterator[Event]:
        kept = self._branches.fork if fork else self._branches.run
        if not self._branches.forked or kept is None:
            yield Refused(self.state.step, "There is no fork to choose from.")
        else:
            yield from self._end_fork(kept, "asked")

    def _end_fork(self, kept: Branch, reason: str) -> Iterator[Event]:
        yield from self._branches.keep(kept, reason, perf_counter() - self._started)
        if self._interactive:
            yield self._undo_manager.steered(kept)
        yield from self._save()

    # Training

    def _train(self) -> Iterator[Event]:
        """Some steps; with a fork, as many of both branches as share a block of images."""
        single = self._pause_after == "batch"
        enough = 1
        if self._branches.forked and not single:
            block = self.state.cursor // BLOCK
            enough = self._steps_to(min((block + 1) * BLOCK, self._images))
        epoch = self.state.epoch
        for branch in self._branches.each():
            end = branch.state.step + enough
            while branch.state.step < end:
                level = single or self._branches.forked
                most = end - branch.state.step if level else self._free_steps()
                yield from self._step(branch, most)
                if self._paused is not None:
                    return
                if branch not in self._branches:
                    break
        if self._interactive and self._branches.finished:
            self._pause_after = None  # it pauses as one that is finished
        elif self._pause_after == "batch" or (
            self._pause_after == "epoch" and self.state.epoch > epoch
        ):
            yield from self._pause(self._pause_after)

    def _free_steps(self) -> int:
        """How many steps may be made before there is something else to do."""
        half = self._images / 2
        until = half if self.state.cursor < half else self._images
        return min(self._steps_to(until), self._commands.steps_until_due(self.state.step))

    def _steps_to(self, position: float) -> int:
        """How many steps it takes to come to a position of the present epoch, in images."""
        size = min(self.state.settings.batch_size, self._images)
        return ceil((position - self.state.cursor) / size)

    def _step(self, branch: Branch, most: int) -> Iterator[Event]:
        """A step or some of one branch, and what follows from them."""
        state = branch.state
        before, epoch = state.cursor, state.epoch
        try:
            results = branch.steps(most)
        except NotFinite as trouble:
            yield from self._diverge(branch, trouble)
            return
        half = before < self._images / 2 <= state.cursor
        yield from self._branches.tell(branch, branch.advance())
        epoch_ended = state.epoch > epoch
        if self._branches.forked:
            if branch is self._branches.run:
                return  # both are saved when both are level
        elif self._interactive:
            spiked = self._undo_manager.spiked(branch, [result.loss for result in results])
            if spiked is not None:
                yield from branch.publish()
                yield spiked
                yield from self._pause("spike")
                return
            if (half or epoch_ended) and self.keeping.allowed:
                with self.keeping:
                    kept = self._undo_manager.keep(branch)
                yield kept
        if (epoch_ended and self.saving.allowed) or self.saving.waited > SAVE_SECONDS:
            yield from self._save()

    def _diverge(self, branch: Branch, trouble: NotFinite) -> Iterator[Event]:
        state = branch.state
        message = divergence(trouble.what, trouble.value, state.step, branch.last_change)
        diverged = Diverged(state.step, branch.position, trouble.what, trouble.value, message)
        yield from self._branches.tell(branch, [*branch.publish(), diverged])
        if not self._branches.forked:
            yield from self._pause("diverged")
            return
        other = self._branches.run if branch is self._branches.fork else self._branches.fork
        assert other is not None
        yield from self._end_fork(other, "diverged")

    def _save(self, asked: bool = False) -> Iterator[Event]:
        told: list[Event] = []
        with self.saving:  # the time that a front end takes for an event is not saving
            for branch in self._branches.each():
                told += self._branches.tell(branch, branch.save(asked))
        yield from told
