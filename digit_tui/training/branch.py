"""One network in training: the run, or the fork that trains beside it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import DataError, Dataset
from digit_tui.engine.stepper import StepResult
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.nn import Network, Stopped
from digit_tui.run.cautions import cautions
from digit_tui.run.changes import changes_along
from digit_tui.run.commands import (
    AppliedCommand,
    Lineage,
    Removal,
    Setting,
    Teach,
    WeightChange,
)
from digit_tui.run.events import (
    Evaluated,
    Event,
    Inspected,
    Refused,
    RunEnded,
    SettingChanged,
    Teaching,
    Warned,
)
from digit_tui.run.lineage import changes_weights_at, position
from digit_tui.run.setting_ranges import checked_changes
from digit_tui.run.setting_words import NAMES
from digit_tui.run.settings import scheduled_rate
from digit_tui.run.state import RunState, Vectors
from digit_tui.run.teacher import Teacher
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.history import History, Trouble
from digit_tui.storage.initial_weights import InitialWeights
from digit_tui.storage.run_files import LEFT
from digit_tui.storage.run_writer import RunWriter
from digit_tui.training.evaluator import Evaluator
from digit_tui.training.recorder import Recorder
from digit_tui.training.recovery import RecoveringStepper
from digit_tui.training.results import effect_of, epoch_ended, run_results
from digit_tui.training.step_publisher import StepPublisher
from digit_tui.training.teaching import Met, find_drawings, learned_before, teach

TOGETHER = 100
"""At most so many steps lie between changes of a setting that are told as one."""


class Branch:
    """A state, and all that happens to it, as events.

    Attributes:
        state: in the pool's vectors, which are this branch's unless it is parked.
        recorder: of its folder.
        last_changes: of settings, at one step on the way to where it is; of one setting all recent
            ones together, so that trouble names what a key did that was pressed several times.
        steps_made: in all, undone ones included.
        furthest: the highest step that it ever reached.
        test_opened: the step at which the test set was first evaluated, if the held-out set is
            monitored.
        source: folder of the run that it resumes or repeats, which has drawings that commands name.
        initial: the weights before the first step; None if they were drawn from the seed.
        teacher: that it is distilled from; None if it has none.
    """

    def __init__(
        self,
        config: RunConfig,
        sizes: Sequence[int],
        dataset: Dataset,
        pool: WorkerPool,
        stepper: RecoveringStepper,
        state: RunState,
        writer: RunWriter | None,
        stopping: Callable[[], bool],
        opens_test: bool = True,
    ) -> None:
        """Make one.

        Args:
            config: the run's.
            sizes: layer widths, inputs first, classes last.
            dataset: the run's.
            pool: its workers.
            stepper: that makes steps.
            state: in the pool's vectors.
            writer: of its folder; None keeps nothing.
            stopping: whether a command to stop has come.
            opens_test: whether the test set is evaluated when all epochs are done, where images are
                held out.
        """
        self.config = config
        self.sizes = tuple(sizes)
        self.state = state
        self.recorder = Recorder(writer)
        self.last_changes: list[SettingChanged] = []
        self.steps_made = 0
        self.furthest = state.step
        self.test_opened: int | None = None
        self.source: Path | None = None
        self.initial: InitialWeights | None = None
        self.teacher: Teacher | None = None
        self._met: Met = {}
        self._epoch_seconds = array("d")  # of each epoch, as it was last trained
        self._dataset = dataset
        self._pool = pool
        self._stopping = stopping
        self._opens_test = opens_test
        self._stepper = stepper
        self._images = len(dataset.train_labels)
        self._evaluator = Evaluator(pool, dataset, self.sizes)
        self._recorded: Evaluated | None = None  # the last evaluation in the journal
        self._publisher = StepPublisher()
        self._buffer: Vectors | None = None  # where the vectors are while it is parked
        self._parked: RunState | None = None

    def fork(self, writer: RunWriter | None) -> Branch:
        """A copy, which is parked.

        Args:
            writer: of the copy's folder.
        """
        state = replace(self.state, tally=replace(self.state.tally))
        shared = self._dataset, self._pool, self._stepper
        branch = Branch(
            self.config, self.sizes, *shared, state, writer, self._stopping, self._opens_test
        )
        branch._evaluator, branch._recorded = self._evaluator.copy(), self._recorded
        branch.last_changes, branch.test_opened = self.last_changes, self.test_opened
        branch.source, branch.initial, branch.teacher = self.source, self.initial, self.teacher
        branch._met = {**self._met}
        branch.steps_made, branch.furthest = self.steps_made, self.furthest
        branch._epoch_seconds = self._epoch_seconds[:]
        branch.park()
        return branch

    def take_over(self, history: History) -> None:
        """Go on with what the journal says of a run that is resumed."""
        self.test_opened = history.test_opened
        self._find_last_changes()
        # A time that is null was no number.
        self._epoch_seconds = array("d", (line["seconds"] or 0.0 for line in history.epochs))

    def keep_in(self, writer: RunWriter, past: History) -> None:
        """Have a folder from now on; see `Trainer.keep_in`."""
        data = self._dataset.summary()
        met = self._met.values()
        writer.begin(self.config, data, None, self.initial, past, met, self.teacher)
        self.recorder = Recorder(writer)

    def park(self) -> None:
        """Leave the pool's vectors to another branch."""
        if self._buffer is None:
            self._buffer = Vectors.like(self.state.vectors)
        self._parked = self.state.copy(self._buffer)

    def unpark(self) -> None:
        """Take the pool's vectors."""
        assert self._parked is not None
        self.state.become(self._parked)

    @property
    def position(self) -> float:
        """Completed epochs, with the part of the present one."""
        return self.state.epoch + self.state.cursor / self._images

    def position_at(self, step: int, lineage: Lineage) -> float:
        """The same of another step, with these commands in force there."""
        return position(step, lineage, self.config.batch_size, self._images)

    @property
    def finished(self) -> bool:
        return self.state.epoch >= self.state.settings.epochs

    @property
    def cut_short(self) -> bool:
        """Whether the last group of steps ended early because a command was waiting."""
        return self._stepper.cut_short

    @property
    def seconds(self) -> float:
        """Training time of the steps that led to the state, in whichever session they were made.

        Pauses, evaluations and saves do not count, nor what was undone; an epoch that was trained
        again counts once, with its latest time.
        """
        return sum(self._epoch_seconds[: self.state.epoch]) + self.state.tally.seconds

    @property
    def accuracy(self) -> float | None:
        """On the monitored split, as a fraction; None where it was not evaluated at this step."""
        return None if self._evaluated is None else self._evaluated.evaluation.accuracy

    @property
    def last_accuracy(self) -> float | None:
        """Of the last evaluation of the monitored split, up to this step; None without any."""
        last = self._evaluator.last
        return None if last is None or last.step > self.state.step else last.evaluation.accuracy

    @property
    def loss(self) -> float | None:
        """On the monitored split, in nats; None likewise."""
        return None if self._evaluated is None else self._evaluated.evaluation.loss

    @property
    def _evaluated(self) -> Evaluated | None:
        """The evaluation of the monitored split at this step."""
        last = self._evaluator.last
        return None if last is None or last.step != self.state.step else last

    def steps(self, most: int) -> list[StepResult]:
        """Make one step or some; see Stepper.

        Raises:
            NotFinite: if the loss or the gradient is not finite; nothing has changed then.
        """
        results = self._stepper.steps(self.state, most)
        self.steps_made += len(results)
        self.furthest = max(self.furthest, self.state.step)
        self._publisher.add(results)
        return results

    def advance(self) -> Iterator[Event]:
        """Publish steps when it is time, and end the epoch if all its images were used."""
        learning_rate = self._publisher.learning_rate
        if self._publisher.due():
            yield from self.publish()
        if self.state.cursor >= self._images:
            yield from self._end_epoch(learning_rate)

    def publish(self) -> Iterator[Event]:
        """Publish the steps that were not published yet."""
        done = self._publisher.flush(self.state.step, self.position, self.state.rate_factor)
        if done is not None:
            yield done

    def _end_epoch(self, learning_rate: float) -> Iterator[Event]:
        tally = self.state.end_epoch()
        done = self.state.epoch - 1  # those beyond were undone, or are repeated
        self._epoch_seconds[done : done + 1] = array("d", [tally.seconds])
        yield from self.publish()
        evaluated = self._recorded = self._evaluate()
        yield evaluated
        ended = epoch_ended(self.state, tally, learning_rate, evaluated)
        yield from self.recorder.record(self.state.step, lambda writer: writer.ended_epoch(ended))
        yield ended

    def evaluate(self) -> Iterator[Event]:
        """Evaluate the monitored split; repeats the last event if no step was made since."""
        evaluated = self._evaluate()
        if evaluated is not self._recorded and self.steps_made:
            self._recorded = evaluated
            yield from self.recorder.record(
                self.state.step, lambda writer: writer.evaluated(evaluated)
            )
        yield evaluated

    def _evaluate(self) -> Evaluated:
        return self._evaluator.monitored(self.state, self.position)

    def inspect(self) -> Inspected:
        """A copy of the state, which training does not touch."""
        state = self.state.copy()
        rate = scheduled_rate(state.settings, self.config.schedule, self.position)
        network = Network(self.sizes, state.parameters)
        return Inspected(state.step, self.position, rate, network, state)

    def open_test(self) -> Iterator[Event]:
        """Evaluate the test set, where the held-out set is monitored; the journal records it."""
        step = self.state.step
        if self.test_opened is None:
            self.test_opened = step
            yield from self.recorder.record(step, lambda writer: writer.opened_test(step))
        yield self._evaluator.test(self.state, self.position)

    def change(self, command: Setting, blameless: bool = False) -> Iterator[Event]:
        """Change settings, if the new values are allowed.

        Args:
            command: what to change.
            blameless: whether a trouble that follows was there before.
        """
        state, old = self.state, self.state.settings
        try:
            changes = checked_changes(command, old, self.config)
        except ConfigError as error:
            yield Refused(state.step, f"{NAMES.get(error.option, error.option)}: {error}")
            return
        new = replace(old, **changes)
        if new == old:
            return
        drawings = lesson = None
        classes = self._dataset.classes
        if isinstance(command, Teach):
            try:
                places = self.source, self.recorder.writer
                drawings = find_drawings(command, *places, self._dataset, self._met)
                learned = learned_before(state, *places, self._met)
            except (DataError, RunError, OSError) as error:
                yield Refused(state.step, f"Nothing is taught: {error}")
                return
        yield from self.publish()
        if drawings is not None:
            unknown = drawings.unknown_to(classes)
            yield Teaching(state.step, self.position, len(drawings), classes, unknown)
        before = self._evaluate() if isinstance(command, WeightChange) else None
        if isinstance(command, Removal):
            state.change_removed(new, self.sizes)
        elif drawings is not None:
            shared = self._dataset, self.sizes, self.config.seed, self._stopping
            try:
                lesson = teach(state, drawings, *shared, learned)
            except Stopped:
                yield Refused(state.step, "Stopped before it was taught")
                return
        switched = new.optimizer != old.optimizer
        # The weights that the old optimizer had evaluated are gone.
        others_evaluated = switched and state.evaluated_slot is not None
        if before is not None or others_evaluated:
            self._evaluator.last = None
        state.settings = new
        if switched:
            state.fresh_slots()
        state.lineage = (*state.lineage, AppliedCommand(state.step, command))
        # Recorded before it is published: whoever saw the event relies on it.
        yield from self.recorder.record(
            state.step, lambda writer: writer.command_applied(state.lineage)
        )
        events = SettingChanged.all_between(state.step, self.position, old, new, changes)
        # Who raises the rate of a run in trouble mends nothing.
        if not blameless or new.learning_rate > old.learning_rate:
            self.last_changes = _with_recent(self.last_changes, events[0])
        if before is None:
            yield from events
            if switched:
                yield from self.warnings()
            if others_evaluated:
                yield from self.evaluate()
        else:
            effect = effect_of(before, self._evaluate())
            yield from (replace(event, effect=effect, lesson=lesson) for event in events)
            yield from self.evaluate()

    def warnings(self) -> Iterator[Event]:
        """What does not go together in the settings."""
        for message in cautions(self.state.settings.optimizer, self.config.schedule):
            yield Warned(self.state.step, message)

    def go_to(self, target: RunState, step: int, lineage: Lineage) -> Iterator[Event]:
        """Go to another state: the one that was asked for, or one from which it can be reached.

        Args:
            target: the state.
            step: that was asked for.
            lineage: that was asked for.
        """
        yield from self.publish()
        left = self.state.step
        self.state.become(target)
        self._evaluator.last = None
        self._find_last_changes()
        yield from self.recorder.record(
            self.state.step, lambda writer: writer.went_back(left, step, lineage)
        )

    def _find_last_changes(self) -> None:
        """Those of the commands in force."""
        self.last_changes = self.last_changes_of(self.state.lineage)

    def last_changes_of(self, lineage: Lineage) -> list[SettingChanged]:
        """What `last_changes` would be with these commands, the first ones of those in force."""
        last: list[SettingChanged] = []
        for change in changes_along(lineage, self.config, self._images):
            last = _with_recent(last, change)
        return last

    def save(self, asked: bool) -> Iterator[Event]:
        """Write a checkpoint.

        Args:
            asked: whether a person wants it, now or by leaving.
        """
        yield from self.recorder.save(self._checkpoint, asked)

    def _checkpoint(self, writer: RunWriter) -> Checkpoint:
        state = self.state
        # What its network was when the run began is no result of it.
        start = writer.history.start
        own = state.step > start or changes_weights_at(start, state.lineage)
        accuracy = self.accuracy if own else None
        return Checkpoint(
            state=state,
            config=self.config,
            data=self._dataset.summary(),
            sizes=self.sizes,
            accuracy=accuracy,
            best_accuracy=max(accuracy or 0.0, writer.best_accuracy),
            go_back_count=writer.history.go_back_count,
        )

    def end(self, reason: str, trouble: Trouble | None = None) -> Iterator[Event]:
        """Save for the last time, and release the folder.

        Args:
            reason: stopped, interrupted, diverged or left, unless all epochs are done.
            trouble: in which a person left it; None if in none.
        """
        yield from self.publish()
        left = reason == LEFT  # its folder says so even if all epochs are done
        reason = "finished" if self.finished else reason
        yield from (event for event in self.evaluate() if not isinstance(event, Evaluated))
        monitored = self._evaluate()
        opened = self.test_opened
        evaluated: dict[str, Evaluated | None] = {"test": None, "validation": None}
        evaluated[monitored.split] = monitored
        if monitored.split == "validation" and self.finished and self._opens_test:
            for event in self.open_test():
                if isinstance(event, Evaluated):
                    evaluated["test"] = event
                else:
                    yield event
        results = run_results(self.state, evaluated, opened, self.seconds)
        yield from self.save(asked=True)
        state = LEFT if left else reason
        yield from self.recorder.record(
            self.state.step, lambda writer: writer.end(state, results, trouble)
        )
        self.recorder.close()
        yield RunEnded(
            reason=reason,
            run=self.recorder.folder,
            evaluated=evaluated["test"] or monitored,
            **results,
        )


def _with_recent(last: list[SettingChanged], change: SettingChanged) -> list[SettingChanged]:
    """The last changes after another one; more epochs and a lower rate are to blame for nothing."""
    if change.setting == "epochs" or any(each.settings == change.settings for each in last):
        return last  # or it follows from one of them, as the rate of another optimizer does
    for each in last:
        recent = each.setting == change.setting and change.step - each.step <= TOGETHER
        if recent and each.old != change.new:  # else it is as it was
            change = replace(change, old=each.old)
    if change.is_harmless:
        return [each for each in last if each.setting != "learning_rate"]
    same_step = [each for each in last if each.step == change.step]
    return [*(each for each in same_step if each.setting != change.setting), change]
