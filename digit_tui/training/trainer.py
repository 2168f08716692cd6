"""The run: commands in, events out, one deterministic step after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from time import perf_counter

import numpy as np

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.training import commands as ask
from digit_tui.training.arm import Arm
from digit_tui.training.commands import Course
from digit_tui.training.describe import divergence, setting_words, spike
from digit_tui.training.errors import RunError
from digit_tui.training.events import (
    Diverged,
    Event,
    Forked,
    ForkEnded,
    OfFork,
    Paused,
    Refused,
    Restored,
    Resumed,
    RunStarted,
    Spiked,
    TimelineChanged,
    WentBack,
)
from digit_tui.training.mailbox import CommandSource
from digit_tui.training.member import BLOCK
from digit_tui.training.pace import Pace
from digit_tui.training.run_folder import RunFolder, versions
from digit_tui.training.saved_run import Origin
from digit_tui.training.spike import SpikeAlarm
from digit_tui.training.state import RunState, Vectors
from digit_tui.training.step import NotFinite, Stepper
from digit_tui.training.team import Team
from digit_tui.training.timeline import Point, Timeline

SAVE_SECONDS = 30.0
"""A checkpoint is written at least this often."""
SAVE_SHARE = 0.02
"""Checkpoints at the ends of epochs take at most this share of the time: quick epochs go without,
and would be learned again, to the bit, in less time than it takes to save them."""
POINT_SHARE = 0.01
"""Likewise the copies of the state at half epochs that undo goes back to."""


class Trainer:
    """One run of one network on one data set, and a fork of it where one is asked for."""

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        source: CommandSource,
        folder: RunFolder | None = None,
        stay: bool = False,
        origin: Origin | None = None,
    ) -> None:
        """Set up a run; nothing is trained before `run` is iterated.

        Args:
            config: how it goes.
            dataset: the digits, at the side that the config names.
            source: where commands come from.
            folder: where it is saved; None keeps nothing.
            stay: somebody is there: keep moments to go back to, pause when the network has lost
                what it had learned, and when all epochs are done instead of ending.
            origin: where it begins; None is with fresh weights.
        """
        images = len(dataset.train_labels)
        self._config = config = config.for_images(images)
        self._dataset = dataset
        self._source = source
        self._stay = stay
        self._images = images
        self._sizes = sizes = (dataset.pixels, *config.hidden, dataset.classes)
        self._team = Team.for_run(config, sizes, images)
        stepper = Stepper(config, self._team, dataset)
        state = RunState.begin(config, sizes, self._team.vectors)
        self._arm = Arm(config, sizes, dataset, self._team, stepper, state, folder)
        self._fork: Arm | None = None
        self._active = self._arm  # whose state the vectors hold

        self._origin = origin
        self._ahead: deque[tuple[int, ask.Command]] = deque()
        self._held: deque[ask.Command] = deque()
        if origin is not None:
            if origin.state is not None:
                state.become(origin.state)
            self._ahead.extend(origin.ahead)

        self._paused: str | None = None  # the reason
        self._pause_after: str | None = None  # batch or epoch
        self._stop: ask.Stop | None = None
        self._timeline = Timeline()
        self._alarm = SpikeAlarm(dataset.classes)
        self._came_back_to: Point | None = None  # after a trouble
        self._saving = Pace(SAVE_SHARE)
        self._keeping = Pace(POINT_SHARE)

    @property
    def state(self) -> RunState:
        """Where the run stands."""
        return self._arm.state

    def run(self) -> Iterator[Event]:
        """Train, yielding what happens; see `digit_tui.training.events`."""
        started = perf_counter()
        try:
            with self._team:
                yield from self._begin()
                while self._stop is None:
                    yield from self._turn()
                yield from self._end(started)
        finally:
            for arm in self._arms:
                arm.close()

    @property
    def _arms(self) -> list[Arm]:
        return [self._arm] if self._fork is None else [self._arm, self._fork]

    def _begin(self) -> Iterator[Event]:
        arm, state = self._arm, self.state
        data = self._dataset.summary()
        resumed = self._origin is not None and self._origin.history is not None
        if arm.folder is not None and not resumed:
            arm.folder.begin(self._config, data)
        yield RunStarted(
            config=self._config.to_json(),
            data=data,
            network=self._sizes,
            parameters=len(state.parameters),
            versions=versions(),
            run=str(arm.folder.path) if arm.folder else None,
            settings=state.settings,
        )
        if self._origin is not None and self._origin.history is not None:
            yield Restored(
                step=state.step,
                epoch=arm.position,
                epochs=[e for e in self._origin.history.epochs if e["step"] <= state.step],
                complaints=list(self._origin.complaints),
                course=state.course,
                settings=state.settings,
            )
        yield arm.evaluate()
        if self._stay:
            self._remember_beginning()
            yield from self._keep_point()

    def _remember_beginning(self) -> None:
        """Have a point from which a run comes to any moment."""
        if not self._timeline.moments:
            room = Vectors.make(self._sizes, self._config.average, np.zeros)
            beginning = RunState.begin(self._config, self._sizes, room).copy()
            self._timeline.keep(Point(beginning, 0.0, None, self._alarm.guessing, 0))

    def _turn(self) -> Iterator[Event]:
        """What is done between two looks at whether to stop."""
        # A single step that was asked for comes before the next command: presses add up.
        if self._pause_after != "batch":
            yield from self._obey_all()
        if self._stop is not None:
            return
        if all(arm.finished for arm in self._arms) and self._paused is None:
            if not self._stay:
                self._stop = ask.Stop(reason="finished")
                return
            yield from self._save()
            yield from self._pause("finished")
        if self._paused is None:
            yield from self._train()
        elif not self._ahead or self._ahead[0][0] > self.state.step:
            command = self._source.wait(self.state.step)
            if self._ahead and steers(command):
                self._held.append(command)
            else:
                yield from self._obey(command)

    def _obey_all(self) -> Iterator[Event]:
        """Take the commands that are due: first those to be repeated, then those held back."""
        step = self.state.step
        while self._ahead and self._ahead[0][0] <= step:
            yield from self._obey(self._ahead.popleft()[1])
        while self._held and not self._ahead:
            yield from self._obey(self._held.popleft())
        if self._stop is not None or self.state.step != step:
            return  # gone back: what is due now is something else
        for command in self._source.take(step):
            if self._ahead and steers(command):
                self._held.append(command)
            else:
                yield from self._obey(command)
            if self._stop is not None or self._pause_after == "batch" or self.state.step != step:
                return

    def _obey(self, command: ask.Command) -> Iterator[Event]:
        match command:
            case ask.Pause():
                if self._paused is None:
                    yield from self._pause("asked")
            case ask.Resume():
                yield from self._resume()
            case ask.StepBatch() | ask.StepEpoch():
                if not self._arm.finished:
                    self._pause_after = "batch" if isinstance(command, ask.StepBatch) else "epoch"
                yield from self._resume()
            case ask.Save():
                yield from self._save(asked=True)
            case ask.Stop():
                self._stop = command
            case ask.Keep(fork):
                yield from self._keep(fork)
            case _ if self._fork is not None and not isinstance(command, ask.AddEpochs):
                yield Refused(self.state.step, "Two arms are compared: keep one (k) first.")
            case ask.Undo():
                yield from self._undo()
            case ask.GoBack(step, course):
                yield from self._go_back(step, course)
            case ask.Fork():
                yield from self._make_fork(command)
            case _:
                yield from self._change(command)

    # Training

    def _train(self) -> Iterator[Event]:
        """A step, or, with a fork, as many steps of both arms as share a block of images."""
        steps = 1
        if self._fork is not None and self._pause_after != "batch":
            size = min(self.state.settings.batch_size, self._images)
            cursor = self.state.cursor
            block_end = min((cursor // BLOCK + 1) * BLOCK, self._images)
            steps = -(-(block_end - cursor) // size)
        epoch = self.state.epoch
        for arm in self._arms:
            if not arm.finished:
                yield from self._train_arm(arm, steps)
            if self._paused is not None:
                return
        epoch_ended = self.state.epoch > epoch
        if self._pause_after == "batch" or (self._pause_after == "epoch" and epoch_ended):
            yield from self._pause(self._pause_after)

    def _train_arm(self, arm: Arm, steps: int) -> Iterator[Event]:
        if self._fork is not None:
            self._give_vectors_to(arm)
        for _ in range(steps):
            before = arm.state.cursor
            try:
                result = arm.step()
            except NotFinite as trouble:
                yield from self._diverge(arm, trouble)
                return
            half = before < self._images / 2 <= arm.state.cursor
            epoch = arm.state.epoch
            yield from self._tell(arm, arm.advance(result))
            epoch_ended = arm.state.epoch > epoch
            if arm is self._arm and self._fork is None:
                yield from self._look_after(result.loss, half, epoch_ended)
        if self._fork is not None and (epoch_ended or self._saving.waited > SAVE_SECONDS):
            yield from self._save_on_the_way(epoch_ended)

    def _look_after(self, loss: float, half: bool, epoch_ended: bool) -> Iterator[Event]:
        """After a step of a run without a fork: save, keep a moment, notice trouble."""
        yield from self._save_on_the_way(epoch_ended)
        if not self._stay:
            return
        if self._alarm.rings(loss):
            yield from self._spike()
        elif (half or epoch_ended) and self._keeping.allowed:
            with self._keeping:
                told = list(self._keep_point())
            yield from told

    def _save_on_the_way(self, epoch_ended: bool) -> Iterator[Event]:
        if (epoch_ended and self._saving.allowed) or self._saving.waited > SAVE_SECONDS:
            yield from self._save()

    def _give_vectors_to(self, arm: Arm) -> None:
        if arm is not self._active:
            self._active.park()
            arm.unpark()
            self._active = arm

    def _tell(self, arm: Arm, events: Iterator[Event]) -> Iterator[Event]:
        """Say of which arm events are."""
        for event in events:
            yield OfFork(event) if arm is self._fork else event

    def _pause(self, reason: str) -> Iterator[Event]:
        self._paused = reason
        self._pause_after = None
        for arm in self._arms:
            yield from self._tell(arm, arm.publish())
        yield Paused(self.state.step, self._arm.position, reason)
        yield from self._evaluate()

    def _resume(self) -> Iterator[Event]:
        if all(arm.finished for arm in self._arms):
            yield Refused(self.state.step, "All epochs are done: add some to train on.")
        elif self._paused is not None:
            if self._paused == "spike":
                self._alarm.disarm()
            self._paused = None
            yield Resumed(self.state.step, self._arm.position)

    def _evaluate(self) -> Iterator[Event]:
        for arm in self._arms:
            if self._fork is not None:
                self._give_vectors_to(arm)
            yield from self._tell(arm, iter([arm.evaluate()]))

    def _change(self, command: ask.Setting) -> Iterator[Event]:
        state = self.state
        finished = self._arm.finished
        step, course = state.step, state.course
        if self._stay and not self._ahead:
            yield from self._keep_point(following=setting_words(command))
        for arm in self._arms:
            if self._fork is not None:
                self._give_vectors_to(arm)
            # A remedy is not to blame for what it was meant to mend.
            changed = arm.change(command, blameless=self._paused in ("diverged", "spike"))
            yield from self._tell(arm, changed)
        if state.course != course:
            self._timeline.mark_undone(step, state.course)
            self._came_back_to = None
        if finished and not self._arm.finished:
            yield from self._resume()

    # Troubles, and the way back

    def _diverge(self, arm: Arm, trouble: NotFinite) -> Iterator[Event]:
        yield from self._tell(arm, arm.publish())
        state = arm.state
        message = divergence(trouble.what, trouble.value, state.step, arm.last_change)
        diverged = Diverged(state.step, arm.position, trouble.what, trouble.value, message)
        yield from self._tell(arm, iter([diverged]))
        if self._fork is None:
            yield from self._pause("diverged")
        else:
            yield from self._end_fork(kept=self._other(arm), reason="diverged")
            if self._stay:
                yield from self._pause("asked")

    def _spike(self) -> Iterator[Event]:
        arm, alarm = self._arm, self._alarm
        yield from arm.publish()
        before = min(alarm.best, alarm.guessing)
        message = spike(before, alarm.now, self.state.step, arm.last_change)
        yield Spiked(self.state.step, arm.position, before, alarm.now, message)
        yield from self._pause("spike")

    def _keep_point(self, following: str = "") -> Iterator[Event]:
        """Keep this moment to go back to."""
        arm, state, timeline = self._arm, self.state, self._timeline
        point = timeline.find(state.step, state.course)
        if point is None:
            loss = self._alarm.now
            point = Point(state.copy(), arm.position, arm.accuracy, loss, arm.steps_made)
            timeline.keep(point)
        point.accuracy = arm.accuracy
        point.following = following or point.following
        timeline.mark_undone(state.step, state.course)
        yield TimelineChanged(timeline.moments)

    def _undo(self) -> Iterator[Event]:
        course = self.state.course
        if self._paused in ("diverged", "spike"):
            point = self._last_good()
            self._came_back_to = point
            blamed = len(point.state.course) < len(course)
            yield from self._go_back(point.state.step, point.state.course)
            if blamed:
                yield from self._resume()
        elif course:
            yield from self._go_back(course[-1].step, course[:-1])
        else:
            yield Refused(self.state.step, "Nothing to take back: no setting was changed yet.")

    def _last_good(self) -> Point:
        """The last moment when all was well; an earlier one if the last one led here again."""
        self._remember_beginning()
        points = self._timeline.way_to(self.state.step, self.state.course)
        if self._came_back_to in points[1:]:
            points = points[: points.index(self._came_back_to)]
        good = [point for point in points if point.loss < 2 * self._alarm.best]
        return good[-1] if good else points[0]

    def _go_back(self, step: int, course: Course) -> Iterator[Event]:
        arm, state = self._arm, self.state
        if not ask.leads_to(0, (), step, course) or step > arm.furthest:
            yield Refused(state.step, f"Step {step:,} is no moment of this run.")
            return
        left, left_epoch = state.step, arm.position
        self._remember_beginning()
        point = self._timeline.nearest(step, course)
        yield from arm.go_to(point.state, step, course)
        self._alarm.restart(point.loss)
        self._ahead.extend(course[len(state.course) :])
        if self._paused is not None and state.step < step:
            self._ahead.append((step, ask.Pause()))
        self._timeline.mark_undone(step, course)
        yield WentBack(
            step=state.step,
            epoch=arm.position,
            from_step=left,
            from_epoch=left_epoch,
            ahead=step - state.step,
            course=state.course,
            settings=state.settings,
        )
        yield TimelineChanged(self._timeline.moments)
        if self._paused is not None:
            if state.step < step:
                yield from self._resume()
            else:
                yield from self._pause("asked")
        yield arm.evaluate()
        yield from self._save()

    # The fork

    def _make_fork(self, command: ask.Fork) -> Iterator[Event]:
        arm = self._arm
        yield from arm.publish()
        folder = None
        if arm.folder is not None:
            folder = RunFolder(Path(command.folder or free_name(arm.folder.path, arm.state.step)))
            try:
                folder.begin(self._config, self._dataset.summary(), past=arm.folder.history)
            except (RunError, OSError) as error:
                yield Refused(arm.state.step, f"No fork: {error}")
                return
        self._fork = fork = arm.fork(folder)
        self._active = arm
        self._give_vectors_to(fork)
        changes = []
        for change in command.changes:
            changes += list(fork.change(change))
        refused = [event for event in changes if isinstance(event, Refused)]
        if refused or not changes:
            self._give_vectors_to(arm)
            self._fork = None
            if folder is not None:
                folder.discard()
            why = refused[0].message if refused else "it would do the same as the run"
            yield Refused(arm.state.step, f"No fork: {why}")
            return
        yield Forked(
            step=arm.state.step,
            epoch=arm.position,
            changes=[setting_words(change) for change in command.changes],
            run=str(folder.path) if folder else None,
            settings=fork.state.settings,
        )
        yield from self._tell(fork, iter(changes))
        yield from self._save()

    def _keep(self, fork: bool) -> Iterator[Event]:
        if self._fork is None:
            yield Refused(self.state.step, "There is no fork to choose from.")
        else:
            yield from self._end_fork(kept=self._fork if fork else self._arm, reason="asked")

    def _other(self, arm: Arm) -> Arm:
        assert self._fork is not None
        return self._arm if arm is self._fork else self._fork

    def _end_fork(self, kept: Arm, reason: str) -> Iterator[Event]:
        left = self._other(kept)
        self._give_vectors_to(left)
        state = "diverged" if reason == "diverged" else "stopped"
        yield from self._tell(left, left.end(state, seconds=0.0))
        self._give_vectors_to(kept)
        name = "fork" if kept is self._fork else "run"
        self._arm, self._fork = kept, None
        self._timeline.mark_undone(self.state.step, self.state.course)
        yield ForkEnded(
            step=self.state.step,
            kept=name,
            left=str(left.folder.path) if left.folder else None,
            reason=reason,
        )
        yield from self._save()

    # Saving

    def _save(self, asked: bool = False) -> Iterator[Event]:
        told: list[Event] = []
        with self._saving:  # the time that a front end takes for an event is not saving
            for arm in self._arms:
                if self._fork is not None:
                    self._give_vectors_to(arm)
                told += self._tell(arm, arm.save(asked))
        yield from told

    def _end(self, started: float) -> Iterator[Event]:
        assert self._stop is not None
        for arm in reversed(self._arms):
            if self._fork is not None:
                self._give_vectors_to(arm)
            nothing_learned = not arm.state.step and not arm.finished and self._origin is None
            if arm.folder is not None and nothing_learned:
                arm.folder.discard()
                arm.folder = None
            seconds = perf_counter() - started
            yield from self._tell(arm, arm.end(self._stop.reason, seconds))


def free_name(run: Path, step: int) -> Path:
    """A folder for a fork, beside the run's."""
    names = (f"{run.name}-fork-{step}" + (f"-{number}" if number else "") for number in count())
    return next(run.with_name(name) for name in names if not run.with_name(name).exists())


def steers(command: ask.Command) -> bool:
    """Whether a command changes where the run goes."""
    return isinstance(command, ask.Setting | ask.Undo | ask.GoBack | ask.Fork)
