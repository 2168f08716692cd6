"""What commands do to a run, between two steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run import commands
from digit_tui.run.changes import settings_along
from digit_tui.run.commands import AppliedCommand, Lineage
from digit_tui.run.events import Event, Paused, Refused, Resumed
from digit_tui.run.remedies import ALL_DONE, FORK_FIRST, KEEP_FIRST, LEFT_MOMENT, NO_CHANGE
from digit_tui.run.setting_words import command_words
from digit_tui.storage.history import Trouble
from digit_tui.training.branch import Branch
from digit_tui.training.branch_pair import BranchPair
from digit_tui.training.command_queue import CommandQueue
from digit_tui.training.mode import RUNNING, UNTIL_BATCH, UNTIL_EPOCH, Mode, paused, stopping
from digit_tui.training.saving import SaveSchedule
from digit_tui.training.undo import UndoManager

RATE_CHANGES = (commands.SetLearningRate, commands.ScaleLearningRate)


class CommandHandler:
    """Carries out commands; all that it does it yields as events.

    Attributes:
        mode: what the trainer is doing; commands and troubles change it.
        saves: says when a save is due.
        undo: where the run can go back to.
        left_in: the trouble in which a person stopped the run, or None.
    """

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        branches: BranchPair,
        queue: CommandQueue,
        interactive: bool,
    ) -> None:
        """Begin, running.

        Args:
            config: the run's.
            dataset: the run's.
            branches: that commands change.
            queue: of the commands; what is to be repeated after going back is put in it.
            interactive: whether snapshots to go back to are kept.
        """
        self.mode: Mode = RUNNING
        self.saves = SaveSchedule()
        self.undo = UndoManager(dataset.classes)
        self.left_in: Trouble | None = None
        self._trouble_words = ""
        self._blamed = 0  # how many commands there were when it began
        self._through = ""  # what had happened when a person trained on
        self._config = config
        self._dataset = dataset
        self._branches = branches
        self._queue = queue
        self._interactive = interactive

    def handle_due(self) -> Iterator[Event]:
        """Carry out the commands that are due."""
        again = True
        while again:
            again = False
            for command in self._queue.due(self._step):
                yield from self.handle(command)
                if self.mode.stopping or self.mode == UNTIL_BATCH:
                    return
                if isinstance(command, commands.GoBack | commands.Undo):
                    again = True  # other commands are due where the run is now
                    break

    @property
    def _step(self) -> int:
        return self._branches.run.state.step

    def handle(self, command: commands.Command) -> Iterator[Event]:
        """Carry out a command, or refuse it."""
        match command:
            case commands.Pause():
                if not self.mode.paused:
                    yield from self.pause("asked")
            case commands.Resume():
                yield from self._resume()
            case commands.StepBatch():
                yield from self._resume(UNTIL_BATCH)
            case commands.StepEpoch():
                yield from self._resume(UNTIL_EPOCH)
            case commands.Save():
                yield from self.save(asked=True)
            case commands.Stop(reason):
                if self._interactive:
                    self.left_in = self._trouble()
                self.mode = stopping(reason)
            case commands.Inspect():
                for branch in self._branches.each():
                    yield from self._branches.label(branch, [branch.inspect()])
            case commands.OpenTest():
                yield from self._open_test()
            case commands.Keep(fork):
                yield from self._keep(fork)
            case _ if self._branches.forked and not isinstance(command, commands.AddEpochs):
                yield Refused(self._step, "There is a fork beside the run", KEEP_FIRST)
            case commands.Undo():
                yield from self._undo()
            case commands.GoBack(step, lineage):
                well = not (self.mode.in_trouble or self.undo.lost)
                yield from self._go_back(step, lineage, well)
            case commands.Fork():
                yield from self._fork(command)
            case _:
                yield from self._change(command)

    def _trouble(self) -> Trouble | None:
        """The trouble in which the run is, or that it has trained on through; None if in none."""
        through = not self.mode.in_trouble
        if through and not (self.undo.lost and self._through):
            return None
        step, lineage = self.undo.last_good(self._branches.run, self._causes)
        why = ("spike", self._through) if through else (self.mode.reason, self._trouble_words)
        return Trouble(self._step, *why, step, len(lineage), through)

    @property
    def _causes(self) -> int:
        """How many of the commands, the first ones, may have brought about the trouble.

        Who has trained on through it may have done what is to blame since.
        """
        return self._blamed if self.mode.in_trouble else len(self._branches.run.state.lineage)

    def pause(self, reason: str, words: str = "", resumed: bool = False) -> Iterator[Event]:
        """Pause the run.

        Args:
            reason: see the event `Paused`; where all epochs are done, "finished" instead of asked.
            words: what happened, if that is a trouble.
            resumed: whether it was before the run was resumed.
        """
        if reason == "asked" and self._branches.finished:
            reason = "finished"
        self.mode, self._trouble_words = paused(reason), words
        lineage = self._branches.run.state.lineage
        if resumed and reason == "spike":  # what came after its last step is to mend it
            lineage = tuple(each for each in lineage if each.step < self._step)
        self._blamed = len(lineage)
        for branch in self._branches.each():
            yield from self._branches.label(branch, branch.publish())
        yield self._paused(reason, words if resumed else "")
        for branch in self._branches.each():
            yield from self._branches.label(branch, branch.evaluate())
        if reason == "finished" and self._interactive and not self._branches.forked:
            yield self.undo.take_snapshot(self._branches.run)  # the end has a row in the timeline

    def take_over(self, trouble: Trouble, lowest_loss: float | None) -> Iterator[Event]:
        """Pause a run that is resumed in the trouble in which it was left.

        It trains on where a person had done so.

        Args:
            trouble: that.
            lowest_loss: of training before it, in nats; None if it is unknown.
        """
        back_to = trouble.back_to, self._branches.run.state.lineage[: trouble.commands]
        self.undo.remember_trouble_of_before(self._step, *back_to, lowest_loss)
        if trouble.trained_on:
            self._train_through(trouble.words)
        else:
            yield from self.pause(trouble.reason, trouble.words, resumed=True)

    def _train_through(self, words: str) -> None:
        """A person trains on though the loss has spiked."""
        self.undo.forgive()
        self._through = words

    def _paused(self, reason: str, words: str) -> Paused:
        run = self._branches.run
        if not self.mode.in_trouble or not self._interactive:
            return Paused(self._step, run.position, reason)
        step, lineage = self.undo.last_good(run, self._blamed)
        undoes = run.state.lineage[len(lineage) :]
        back_to = run.position_at(step, lineage)
        settings = settings_along(lineage, run.config)[-1]
        rate = settings.learning_rate
        causes = self.undo.takes_back_a_cause(run, lineage, self._blamed)
        trains_on = causes and back_to < settings.epochs
        return Paused(self._step, run.position, reason, back_to, undoes, rate, trains_on, words)

    def _resume(self, mode: Mode = RUNNING) -> Iterator[Event]:
        if self._branches.finished:
            yield Refused(self._step, "All epochs are done", ALL_DONE)
            return
        before = self.mode
        if before.paused or mode != RUNNING:
            self.mode = mode
        if before.paused:
            if before.reason == "spike":
                self._train_through(self._trouble_words)
            yield Resumed(self._step, self._branches.run.position)

    def save(self, asked: bool = False) -> Iterator[Event]:
        """Write checkpoints.

        Args:
            asked: whether a person wants them.
        """
        events: list[Event] = []
        with self.saves:  # the time that a front end takes for an event is not saving
            for branch in self._branches.each():
                events += self._branches.label(branch, branch.save(asked))
        yield from events

    def _open_test(self) -> Iterator[Event]:
        if self._dataset.monitored_split == "test":
            yield Refused(self._step, "The run is monitored with the test set already")
            return
        for branch in self._branches.each():
            yield from self._branches.label(branch, branch.open_test())

    def _change(self, command: commands.Setting) -> Iterator[Event]:
        run, finished = self._branches.run, self._branches.finished
        lineage = run.state.lineage
        for branch in self._branches.each():
            if isinstance(command, commands.WeightChange):  # its effect is said
                yield from self._branches.label(branch, branch.publish())
                yield from self._branches.label(branch, branch.evaluate())
            if self._interactive and branch is run:
                yield self.undo.take_snapshot(branch)
            # A remedy is not to blame for what it was meant to mend.
            changed = branch.change(command, blameless=self.mode.in_trouble)
            yield from self._branches.label(branch, changed)
        if self._interactive and run.state.lineage != lineage:
            yield self.undo.mark_undone(run)
            if self.mode.in_trouble:
                yield replace(self._paused(self.mode.reason, ""), again=True)
        if finished and not self._branches.finished:
            yield from self._resume()

    def _undo(self) -> Iterator[Event]:
        run = self._branches.run
        waiting = self._queue.withdraw()
        if waiting is not None:
            words = command_words(waiting) if isinstance(waiting, commands.Setting) else "the fork"
            yield Refused(self._step, f"Taken back before it took effect: {words}")
            return
        lineage = self.undo.lineage_ahead(run)
        if self.mode.in_trouble or self.undo.lost:
            step, before = self.undo.last_good(run, self._causes)
            self.undo.remember_trouble(run, self._causes, step)
            # Without a cause that is taken back the same would happen again.
            causes = self.undo.takes_back_a_cause(run, before, self._blamed)
            if not (self.mode.in_trouble and causes):
                yield from self._go_back(step, before, well=False)
                return
            self.mode = RUNNING
            yield from self._go_back(step, before, well=False)
            if not self._branches.finished:
                yield Resumed(self._step, run.position)
        elif lineage:
            yield from self._go_back(lineage[-1].step, _before_last_change(lineage))
        else:
            remedy = LEFT_MOMENT if self.undo.went_back else NO_CHANGE
            yield Refused(self._step, "Nothing is left to undo", remedy)

    def _go_back(self, step: int, lineage: Lineage, well: bool = True) -> Iterator[Event]:
        run, state = self._branches.run, self._branches.run.state
        for event in self.undo.go_back(run, step, lineage, well):
            yield event
            if isinstance(event, Refused):
                return
        if self._queue.is_new:  # what it was repeating is given up
            for command in self._queue.give_up():
                if isinstance(command, commands.Pause):
                    self.mode = paused("asked")  # as it was before
        # From the nearest snapshot the run gets there by repeating what followed.
        repeated: list[tuple[int, commands.Command]] = list(lineage[len(state.lineage) :])
        if self.mode.paused and state.step < step:
            repeated.append((step, commands.Pause()))
        self._queue.schedule(repeated, until=step)
        if self.mode.paused and state.step < step:
            self.mode = RUNNING
            yield Resumed(state.step, run.position)
        elif self.mode.paused:
            yield from self.pause("asked")
        yield from run.evaluate()
        yield from self.save()

    def _fork(self, command: commands.Fork) -> Iterator[Event]:
        if self._interactive:
            judged = any(isinstance(each, commands.WeightChange) for each in command.changes)
            if self._branches.finished and not judged:  # nothing would ever differ
                yield Refused(self._step, "All epochs are done", ALL_DONE)
                return
            yield self.undo.take_snapshot(self._branches.run)
        yield from self._branches.split(command, self._config, self._dataset.summary())
        if self._branches.forked:
            # Now commands are due when both branches are at the same step.
            self._queue.interrupts = False
            yield from self.save()

    def _keep(self, fork: bool) -> Iterator[Event]:
        kept = self._branches.fork if fork else self._branches.run
        if not self._branches.forked or kept is None:
            yield Refused(self._step, "There is no fork to choose from", FORK_FIRST)
        else:
            yield from self.end_fork(kept, "asked")

    def end_fork(self, kept: Branch, reason: str) -> Iterator[Event]:
        """Go on with one branch; see `BranchPair.keep`."""
        if kept is self._branches.fork:
            self.undo.follow_fork()
        yield from self._branches.keep(kept, reason)
        self._queue.interrupts = True
        if self._interactive:
            yield self.undo.take_snapshot(kept)
        yield from self.save()


def _before_last_change(lineage: Lineage) -> Lineage:
    """A lineage without its last command, or the last ones that changed the rate at one step.

    Nothing was trained between them: a person presses a key until the rate is right.
    """
    *before, last = lineage
    if _sets_rate(last):
        while before and before[-1].step == last.step and _sets_rate(before[-1]):
            before.pop()
    return tuple(before)


def _sets_rate(applied: AppliedCommand) -> bool:
    return isinstance(applied.command, RATE_CHANGES)
