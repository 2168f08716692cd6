"""The run: commands in, events out, one deterministic step after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.batches import BLOCK
from digit_tui.engine.stepper import NotFinite, Stepper
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.run.events import Diverged, Event, Restored, RunStarted, WorkerLost
from digit_tui.run.lineage import position
from digit_tui.run.state import RunState
from digit_tui.run.versions import versions
from digit_tui.run.wording import divergence
from digit_tui.storage.history import History
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.branch import Branch
from digit_tui.training.branch_pair import BranchPair
from digit_tui.training.command_handler import CommandHandler
from digit_tui.training.command_queue import CommandQueue
from digit_tui.training.command_source import CommandSource
from digit_tui.training.mode import RUNNING, UNTIL_BATCH, UNTIL_EPOCH, stopping
from digit_tui.training.recovery import RecoveringStepper


class Trainer:
    """One run of one network on one dataset, and a fork of it where one is asked for.

    Attributes:
        handler: of the commands; it has the mode, the snapshots and the schedule of saves.
    """

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        source: CommandSource,
        writer: RunWriter | None = None,
        interactive: bool = False,
        start_point: StartPoint | None = None,
        processes: int | None = None,
        opens_test: bool = True,
    ) -> None:
        """Set up a run; nothing is trained before `run` is iterated.

        Args:
            config: the run's.
            dataset: the digits, at the side that the config names.
            source: where commands come from.
            writer: of the run's folder; None keeps nothing.
            interactive: a person is there: keep snapshots to go back to, and pause instead of
                training on with a network that is lost, or of ending when all epochs are done.
            start_point: where it begins; None is with fresh weights.
            processes: that train, at most as many as the config has threads; None is just that.
                Results do not depend on it.
            opens_test: whether the test set is evaluated when all epochs are done, where images are
                held out.
        """
        images = len(dataset.train_labels)
        self._config = config = config.for_images(images)
        self._dataset = dataset
        self._interactive = interactive
        self._images = images
        self._sizes = sizes = (dataset.pixels, *config.hidden, dataset.classes)
        self._start_point = start_point or StartPoint()
        aim = self._start_point.aim
        until = aim[0] if interactive else 0
        self._queue = CommandQueue(source, self._start_point.scheduled, until)
        initial, teacher = self._start_point.initial, self._start_point.teacher
        commands = self._queue.waiting, self._queue.interrupt
        self._pool = WorkerPool.for_run(config, sizes, dataset, processes, *commands, teacher)
        first_weights = None if initial is None else initial.parameters
        state = RunState.begin(config, sizes, self._pool.vectors, first_weights)
        if self._start_point.state is not None:
            state.become(self._start_point.state)
        stepper = RecoveringStepper(Stepper(config, self._pool), self._pool)
        stopping = self._queue.stopping
        run = Branch(
            config, sizes, dataset, self._pool, stepper, state, writer, stopping, opens_test
        )
        run.source, run.initial, run.teacher = self._start_point.folder, initial, teacher
        if self._start_point.history is not None:
            run.take_over(self._start_point.history)
            run.furthest = max(run.furthest, aim[0])  # it was there before
        self._branches = BranchPair(run)
        self.handler = CommandHandler(config, dataset, self._branches, self._queue, interactive)
        loss_of = self._start_point.loss_of
        loss = loss_of(self._start_point.state)
        if loss is not None:
            lowest, usual = self._start_point.lowest_training_loss, self._start_point.usual_losses
            self.handler.undo.take_over(state.lineage, loss, lowest, usual)
        if interactive:
            for earlier in self._start_point.earlier:
                saved = earlier.state, earlier.accuracy, loss_of(earlier.state)
                self.handler.undo.keep_saved(run, *saved)
            self.handler.undo.remember_best(run, self._start_point.lowest_loss)
            self.handler.undo.set_out(*aim)
        self._start_point = replace(self._start_point, earlier=())  # no more than it may keep

    @property
    def state(self) -> RunState:
        """Where the run is."""
        return self._branches.run.state

    @property
    def blas_threads(self) -> int:
        """How many threads the BLAS of this process must use while it trains.

        The last bits depend on it. `run` sees to it for as long as it lasts; who iterates it now
        and then does so each time, as other programs in the process may want more.
        """
        return self._pool.blas_threads

    def keep_in(self, writer: RunWriter, past: History) -> None:
        """Write a run that nothing has kept so far to a folder, from now on.

        Call it between two events, while there is no fork.

        Args:
            writer: of the folder, which begins with what the run went through.
            past: that; what was undone is not in it.

        Raises:
            RunError: if the folder holds a run already, or another process uses it.
            OSError: if it cannot be written.
        """
        self._branches.run.keep_in(writer, past)

    def run(self) -> Iterator[Event]:
        """Train, yielding what happens; see `digit_tui.run.events`."""
        try:
            with self._pool:
                for event in self._train_to_the_end():
                    for loss in self._pool.take_losses():
                        yield WorkerLost(self.state.step, *loss)
                    yield event
        finally:
            self._branches.close()

    def _train_to_the_end(self) -> Iterator[Event]:
        yield from self._begin()
        while not self.handler.mode.stopping:
            yield from self._turn()
        self._pool.hurried = True
        yield from self._end(self.handler.mode.reason)

    def _begin(self) -> Iterator[Event]:
        run, state, history = self._branches.run, self.state, self._start_point.history
        data = self._dataset.summary()
        if run.recorder.writer is not None and history is None:
            run.recorder.writer.begin(
                self._config, data, None, run.initial, teacher=run.teacher, replay_of=run.source
            )
        yield RunStarted(
            config=self._config.to_json(),
            data=data,
            network=self._sizes,
            parameters=len(state.parameters),
            versions=versions(),
            run=run.recorder.folder,
            settings=state.settings,
            teacher=None if run.teacher is None else run.teacher.about,
        )
        if history is not None:
            yield Restored(
                step=state.step,
                epoch=run.position,
                epochs=[epoch for epoch in history.epochs if epoch["step"] <= state.step],
                complaints=list(self._start_point.complaints),
                fork=self._start_point.fork,
                test_opened=run.test_opened,
                lineage=state.lineage,
                settings=state.settings,
                evaluations=[line for line in history.evaluations if line["step"] <= state.step],
                start=position(
                    history.start, history.lineage, self._config.batch_size, self._images
                ),
                ahead=self._start_point.aim[0] - state.step,
                aim_epoch=run.position_at(*self._start_point.aim),
            )
        yield from run.warnings()
        yield from run.evaluate()
        if self._interactive:
            yield self.handler.undo.take_snapshot(run)
            trouble = self._start_point.trouble
            if trouble is not None:
                lowest_loss = self._start_point.lowest_training_loss
                yield from self.handler.take_over(trouble, lowest_loss)
            elif self._start_point.stands and not run.finished:
                # What it went back from may come again with the settings that it has.
                yield from self.handler.pause("asked")

    def _end(self, reason: str) -> Iterator[Event]:
        by_branch: list[list[Event]] = []
        for branch in self._branches.each():
            recorder = branch.recorder
            untouched = not branch.steps_made and not recorder.saved and not branch.finished
            if untouched and self._start_point.history is None:
                recorder.discard()
            trouble = self.handler.left_in if branch is self._branches.run else None
            by_branch.append(list(self._branches.label(branch, branch.end(reason, trouble))))
        for events in reversed(by_branch):  # the run's end is the last event
            yield from events

    def _turn(self) -> Iterator[Event]:
        """Carry out commands, then train for a while or wait for one."""
        handler = self.handler
        # A single step that was asked for comes before the next command: presses add up.
        if handler.mode != UNTIL_BATCH:
            yield from handler.handle_due()
        if handler.mode.stopping:
            return
        if self._branches.finished and handler.mode.running:
            if not self._interactive:
                handler.mode = stopping("finished")
                return
            yield from handler.save()
            yield from handler.pause("finished")
        if handler.mode.running:
            yield from self._train()
        elif (command := self._queue.wait(self.state.step)) is not None:
            yield from handler.handle(command)

    def _train(self) -> Iterator[Event]:
        """Some steps; with a fork, as many of both branches as share a block of images."""
        handler = self.handler
        single = handler.mode == UNTIL_BATCH
        together = 1
        if self._branches.forked and not single:
            block = self.state.cursor // BLOCK
            together = self._steps_to(min((block + 1) * BLOCK, self._images))
        epoch = self.state.epoch
        for branch in self._branches.each():
            end = branch.state.step + together
            while branch.state.step < end:
                level = single or self._branches.forked
                most = end - branch.state.step if level else self._free_steps()
                yield from self._make_steps(branch, most)
                if handler.mode.paused:
                    return
                if branch not in self._branches:
                    break
        mode = handler.mode
        if self._interactive and self._branches.finished:
            handler.mode = RUNNING  # it pauses because it is finished
        elif mode == UNTIL_BATCH or (mode == UNTIL_EPOCH and self.state.epoch > epoch):
            assert mode.until is not None
            yield from handler.pause(mode.until)

    def _free_steps(self) -> int:
        """How many steps may be made before there is something else to do."""
        half = self._images / 2
        until = half if self.state.cursor < half else self._images
        return min(self._steps_to(until), self._queue.steps_until_due(self.state.step))

    def _steps_to(self, position: float) -> int:
        """How many steps it takes to come to a position of the present epoch, in images."""
        size = min(self.state.settings.batch_size, self._images)
        return ceil((position - self.state.cursor) / size)

    def _make_steps(self, branch: Branch, most: int) -> Iterator[Event]:
        """A step or some of one branch, and what follows from them."""
        state, handler = branch.state, self.handler
        before, epoch = state.cursor, state.epoch
        try:
            results = branch.steps(most)
        except NotFinite as trouble:
            yield from self._diverge(branch, trouble)
            return
        half = before < self._images / 2 <= state.cursor
        yield from self._branches.label(branch, branch.advance())
        epoch_ended = state.epoch > epoch
        lowest = handler.undo.note_loss(branch)
        if self._branches.forked:
            if branch is self._branches.run:
                return  # both are saved when both are at the same step
        elif self._interactive:
            spiked = handler.undo.check_losses(branch, [result.loss for result in results])
            if spiked is not None:
                yield from branch.publish()
                yield spiked
                yield from handler.pause("spike", spiked.message)
                return
            if half or epoch_ended:
                yield from handler.undo.take_snapshot_if_cheap(branch, lowest)
        if handler.saves.due(epoch_ended):
            yield from handler.save()

    def _diverge(self, branch: Branch, trouble: NotFinite) -> Iterator[Event]:
        state = branch.state
        message = divergence(trouble.what, trouble.value, state.step, branch.last_changes)
        diverged = Diverged(state.step, branch.position, trouble.what, trouble.value, message)
        yield from self._branches.label(branch, [*branch.publish(), diverged])
        if not self._branches.forked:
            yield from self.handler.pause("diverged", message)
            return
        other = self._branches.run if branch is self._branches.fork else self._branches.fork
        assert other is not None
        yield from self.handler.end_fork(other, "diverged")
