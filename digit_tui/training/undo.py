"""Where a run can go back to, and where it should go back to after a trouble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from math import inf, isfinite
from typing import Any

import numpy as np

from digit_tui.run.changes import settings_along
from digit_tui.run.commands import Lineage, SetBatchSize
from digit_tui.run.events import (
    Event,
    Refused,
    SnapshotInfo,
    Spiked,
    TimelineChanged,
    WentBack,
)
from digit_tui.run.lineage import is_ancestor, is_valid, stage_of
from digit_tui.run.remedies import NEVER_THERE
from digit_tui.run.setting_words import command_words
from digit_tui.run.state import RunState, Vectors
from digit_tui.run.timeline import THEN
from digit_tui.run.wording import spike
from digit_tui.training.blame import begun, is_harmless, with_harmless
from digit_tui.training.branch import Branch
from digit_tui.training.pace import Pace
from digit_tui.training.snapshots import Low, Snapshot, SnapshotStore
from digit_tui.training.spike import LEARNED, SpikeAlarm

SNAPSHOT_SHARE = 0.01
"""Snapshots at half epochs take at most this share of the time, ..."""
SOON = 100
"""Steps from a change to a trouble that surely comes of it: none is worth keeping."""
GOOD = 0.01
"""A training loss below this share of that of guessing is low, however low it was before: of single
batches it may be many times as high as of others."""
BEST_TIMES = 4
"""... and so many times as much where the network was never better."""


class UndoManager:
    """Takes snapshots of a run, notices when its loss spikes, and takes it back.

    Going back to a step that has no snapshot goes to the nearest one before it: the trainer then
    repeats the steps and commands from there on.

    Attributes:
        went_back: whether the run ever did; the moment that it left is kept.
    """

    def __init__(self, classes: int) -> None:
        self.went_back = False
        self._store = SnapshotStore()
        self._alarm = SpikeAlarm(classes)
        self._pace = Pace(SNAPSHOT_SHARE)
        self._latest: Snapshot | None = None  # until the loss of the step after it is known
        self._trouble: tuple[int, Lineage] | None = None  # where the last one was, ...
        self._went_back_to = 0  # ... and the step that the run went back to
        self._changed: list[tuple[str, Any]] = []  # the settings that changed last, and from what
        self._stage: Lineage = ()  # the present one
        self._usual: dict[Lineage, float] = {}  # training losses of the others, in nats
        self._rang_at: int | None = None  # the step after which the alarm rang, ...
        self._unreported = False  # ... if no event was made of it yet
        self._way_back: tuple[int, Lineage] | None = None  # from the trouble that it was left in
        self._left_at = 0  # the step of that
        self._aim: tuple[int, Lineage] = 0, ()  # where it went back to; it may repeat up to there
        self._listed: Lineage = ()  # whose commands these are:
        self._commands: list[SnapshotInfo] = []

    @property
    def spent(self) -> float:
        """Seconds that snapshots at half epochs have taken."""
        return self._pace.spent

    def take_snapshot(self, branch: Branch) -> TimelineChanged:
        """Keep a copy of the state of a branch, the run's, as it is now."""
        state, store = branch.state, self._store
        self._keep_beginning(branch)
        snapshot = store.find(state.step, state.lineage)
        if snapshot is None:
            loss, clock = self._alarm.now, branch.steps_made
            snapshot = Snapshot(state.copy(), branch.position, branch.accuracy, loss, clock)
            store.add(snapshot)
        self._latest = snapshot
        if branch.accuracy is not None:
            snapshot.accuracy = branch.accuracy
            self.note_loss(branch)
        return self.mark_undone(branch)

    def note_loss(self, branch: Branch) -> bool:
        """Take in the monitored loss of a branch where it is; whether it was never lower."""
        step, lineage, loss = branch.state.step, branch.state.lineage, branch.loss
        return loss is not None and self._store.note_loss(step, lineage, loss, branch.accuracy)

    def take_snapshot_if_cheap(self, branch: Branch, lowest: bool) -> Iterator[Event]:
        """Keep a copy of the state, unless snapshots have taken too much of the time.

        Args:
            branch: the run's.
            lowest: whether its monitored loss was never lower: it is what one goes back to, and
                snapshots may take more of the time for it.
        """
        if self._pace.allowed_at((BEST_TIMES if lowest else 1) * SNAPSHOT_SHARE):
            with self._pace:
                changed = self.take_snapshot(branch)
            yield changed

    def mark_undone(self, branch: Branch) -> TimelineChanged:
        """Mark what is undone, and which commands followed snapshots, as the run is now.

        It is called whenever the run has other commands in force, and so a stage may begin then.
        """
        self._enter_stage(branch.state.lineage)
        self._store.mark_undone(branch.state.step, branch.state.lineage)
        return TimelineChanged([*self._store.infos, *self._without_snapshot(branch)])

    def _without_snapshot(self, branch: Branch) -> list[SnapshotInfo]:
        """Where else the run can go back to: before commands of before a resume, or of long ago.

        While it repeats what it did, those that are to come are among them; and so is the moment
        with the lowest monitored loss.
        """
        lineage = self.lineage_ahead(branch)
        if lineage != self._listed:
            self._listed, self._commands = lineage, list(_before_commands(branch, lineage))
        there = self._store.on_the_way
        found = [each for each in self._commands if (each.step, len(each.lineage)) not in there]
        best = self._store.best_without_snapshot
        return found if best is None else _with_best(found, branch, best)

    def check_losses(self, branch: Branch, losses: list[float]) -> Spiked | None:
        """Look for a spike in the losses of the last steps, in nats.

        A spike is reported where the group of steps would have ended without a waiting command, so
        that a repeated run pauses at the same step.
        """
        alarm, step = self._alarm, branch.state.step
        if self._latest is not None:
            self._latest.next_loss, self._latest = losses[0], None
        changes = [(each.setting, each.old) for each in branch.last_changes]
        if changes != self._changed:  # what is told is how the loss rose since then
            self._changed, alarm.lowest = changes, alarm.now
        rang = [alarm.rings(loss) for loss in losses]
        if alarm.armed and not self._unreported:
            self._rang_at = None  # it has learned again
        if any(rang) and not self._unreported:
            self._rang_at = step - len(losses) + 1 + rang.index(True)
            self._unreported = True
        if not self._unreported or branch.cut_short:
            return None
        self._unreported = False
        message = spike(alarm.lowest, alarm.now, step, branch.last_changes)
        return Spiked(step, branch.position, alarm.lowest, alarm.now, message)

    def _enter_stage(self, lineage: Lineage) -> None:
        """Know the stage of the run, by the commands in force."""
        stage = stage_of(lineage)
        if stage != self._stage:
            self._usual[self._stage], self._stage = self._alarm.usual, stage
            self._alarm.begin_stage()

    def keep_saved(
        self, branch: Branch, state: RunState, accuracy: float | None, loss: float | None
    ) -> None:
        """Have a saved state of a run that is resumed to go back to.

        Args:
            branch: the run's.
            state: from which it got to where it is.
            accuracy: of its network, as a fraction; None if it is unknown.
            loss: its training loss then, in nats; None if it is unknown.
        """
        self._keep_beginning(branch)
        if self._store.find(state.step, state.lineage) is None:
            epoch = branch.position_at(state.step, state.lineage)
            known = self._alarm.guessing if loss is None else loss
            self._store.add(Snapshot(state, epoch, accuracy, known, 0))

    def remember_best(self, branch: Branch, best: tuple[int, float, float | None] | None) -> None:
        """Of a run that is resumed: the step at which its monitored loss was lowest.

        Args:
            branch: the run's.
            best: that step, the loss in nats, and the accuracy as a fraction; None without any.
        """
        if best is not None:
            step, loss, accuracy = best
            lineage = tuple(each for each in branch.state.lineage if each.step < step)
            self._store.note_loss(step, lineage, loss, accuracy)

    def remember_trouble_of_before(
        self, at: int, step: int, lineage: Lineage, lowest_loss: float | None
    ) -> None:
        """A run that was left in a trouble is resumed.

        Args:
            at: the step where it was left.
            step: where to go back to, as `last_good` was then.
            lineage: with these commands in force.
            lowest_loss: of training before the trouble, in nats; None if it is unknown.
        """
        self._way_back, self._left_at = (step, lineage), at
        if lowest_loss is not None:
            self._alarm.best = min(lowest_loss, self._alarm.best)

    def take_over(
        self, lineage: Lineage, loss: float, lowest: float | None, usual: Mapping[Lineage, float]
    ) -> None:
        """The run is resumed.

        Args:
            lineage: the commands in force.
            loss: of training at its last epoch, in nats.
            lowest: of all its epochs; None if it is unknown.
            usual: the lowest of each stage, see `StartPoint.usual_losses`.
        """
        self._alarm.resume(loss, lowest)
        self._usual, self._stage = dict(usual), stage_of(lineage)
        self._alarm.begin_stage(usual.get(self._stage, inf))

    def set_out(self, step: int, lineage: Lineage) -> None:
        """The run is on its way to a moment: it repeats what led there."""
        self._aim = step, lineage

    def _ahead(self, branch: Branch) -> tuple[int, Lineage]:
        """Where a branch is; of the run on its way back, where it will be."""
        here = branch.state.step, branch.state.lineage
        return self._aim if is_ancestor(*here, *self._aim) else here

    def lineage_ahead(self, branch: Branch) -> Lineage:
        """The commands that a branch has; of the run on its way back, those that it will have."""
        return self._ahead(branch)[1]

    def forgive(self) -> None:
        """A person trains on although the loss has spiked."""
        self._alarm.disarm()
        self._unreported = False

    @property
    def lost(self) -> bool:
        """Whether the network has not learned anything again since then."""
        return not self._alarm.armed

    def last_good(self, branch: Branch, blamed: int) -> tuple[int, Lineage]:
        """Where to go back to: the last snapshot before a trouble whose loss was still low.

        If the run went back from the same trouble before, an earlier one.

        Args:
            branch: the run's.
            blamed: how many commands it had when the trouble began: later ones did not cause it.

        Returns:
            Its step, and the commands to be in force there: those of before that step, and of those
            at it the first ones, as far as no trouble comes of them.
        """
        trouble = self._trouble_of(branch, blamed)
        snapshots = [each for each in self._store.ancestors(*trouble) if each.key != trouble]
        if trouble == self._trouble:
            snapshots = [each for each in snapshots if each.state.step < self._went_back_to]
        good = [each.state.step for each in snapshots if self._was_healthy(each)]
        causes = branch.last_changes
        if blamed < len(branch.state.lineage):
            causes = branch.last_changes_of(trouble[1])
        changed = max((each.step for each in causes), default=-SOON)
        if trouble[0] - changed < SOON:  # after that change the same would come again
            first = begun(branch, causes)
            good = [each for each in good if each <= first] or good
        way, new = self._way_back, trouble != self._trouble  # the second time it did not help
        since = [each for each in good if each > self._left_at]
        if way is not None and new and not since and is_ancestor(*way, *trouble):
            return way  # as it was said before the run was left
        step = good[-1] if good else self._lowest_before(trouble)
        # Of several commands at one step the first may be to blame as well as the last.
        before = tuple(each for each in branch.state.lineage if each.step < step)
        return step, with_harmless(step, before, branch)

    def _lowest_before(self, trouble: tuple[int, Lineage]) -> int:
        """Where no snapshot before a trouble is good: the step with the lowest monitored loss.

        Of a run that is resumed it is known from the journal. It is 0 where nothing was learned.
        """
        low = self._store.lowest
        if low is None or low.loss >= LEARNED * self._alarm.guessing:
            return 0
        helped = trouble != self._trouble or low.step < self._went_back_to
        return low.step if helped and is_ancestor(low.step, low.lineage, *trouble) else 0

    def takes_back_a_cause(self, branch: Branch, lineage: Lineage, blamed: int) -> bool:
        """Whether a trouble may come of what a branch has beyond some first commands.

        Args:
            branch: the run's.
            lineage: the first commands.
            blamed: how many commands it had when the trouble began: later ones are to mend it.
        """
        settings = settings_along(branch.state.lineage[:blamed], branch.config)[len(lineage) :]
        return not all(is_harmless(old, new) for old, new in pairwise(settings))

    def remember_trouble(self, branch: Branch, blamed: int, step: int) -> None:
        """The run goes back to a step because of a trouble, which may come again."""
        self._trouble, self._went_back_to = self._trouble_of(branch, blamed), step

    def _trouble_of(self, branch: Branch, blamed: int) -> tuple[int, Lineage]:
        step = branch.state.step if self._rang_at is None else self._rang_at
        return step, branch.state.lineage[:blamed]

    def _was_healthy(self, snapshot: Snapshot) -> bool:
        """Whether the loss was low before a snapshot, and in the step after it.

        Low is what is near the best, or near what was usual in the stage of the snapshot: images
        that are deformed have a higher loss.
        """
        alarm, learned = self._alarm, LEARNED * self._alarm.guessing
        stage = stage_of(snapshot.state.lineage)
        usual = alarm.usual if stage == self._stage else self._usual.get(stage, alarm.best)
        low = max(2 * alarm.best, min(2 * usual, learned), GOOD * alarm.guessing)
        return snapshot.loss < low and snapshot.next_loss < max(low, learned)

    def go_back(
        self, branch: Branch, step: int, lineage: Lineage, well: bool = True
    ) -> Iterator[Event]:
        """Take a branch to a step, or to the nearest snapshot before it.

        Args:
            branch: the run's.
            step: where to.
            lineage: with these commands in force.
            well: whether the network that it leaves is in no trouble.
        """
        state = branch.state
        if not is_valid(step, lineage) or step > branch.furthest:
            text = f"This run was never at step {step:,} with these settings"
            yield Refused(state.step, text, NEVER_THERE)
            return
        left, left_epoch, left_lineage = state.step, branch.position, state.lineage
        ahead = self._ahead(branch)
        # Else it repeats: what a person left, or wants, is not where it is now.
        sets_out = ahead == (left, left_lineage)
        if sets_out:
            self._store.departure = None
        if sets_out and isfinite(self._alarm.now):  # the way back to what is left now
            self.take_snapshot(branch)
            self.went_back = True
            there = self._store.departure = self._store.find(left, left_lineage)
            if well and there is not None:
                to = branch.position_at(step, lineage)
                self._store.leave(there, branch.last_accuracy, to)
        self._keep_beginning(branch)
        snapshot, self._aim = self._store.nearest(step, lineage), (step, lineage)
        yield from branch.go_to(snapshot.state, step, lineage)
        self._latest = snapshot if snapshot.key == (step, lineage) else None
        self._rang_at = None
        self._unreported = False
        self._alarm.restart(snapshot.loss)
        self._stage = stage_of(state.lineage)
        yield WentBack(
            step=state.step,
            epoch=branch.position,
            from_step=left,
            from_epoch=left_epoch,
            ahead=step - state.step,
            from_lineage=left_lineage,
            lineage=state.lineage,
            settings=state.settings,
            aim_epoch=branch.position_at(step, lineage),
            aim_lineage=lineage,
            from_aim_epoch=branch.position_at(*ahead),
            from_aim_lineage=ahead[1],
        )
        yield self.mark_undone(branch)

    def follow_fork(self) -> None:
        """A fork goes on in place of the run, which is saved as one of its own."""
        self._store.forget_left()

    def _keep_beginning(self, branch: Branch) -> None:
        """Have a snapshot of the network before the first step: the run gets anywhere from it."""
        if not self._store.infos:
            buffer = Vectors.make(branch.sizes, branch.config.average, np.zeros)
            initial = None if branch.initial is None else branch.initial.parameters
            beginning = RunState.begin(branch.config, branch.sizes, buffer, initial).copy()
            self._store.add(Snapshot(beginning, 0.0, None, self._alarm.guessing, 0))


def _with_best(moments: list[SnapshotInfo], branch: Branch, low: Low) -> list[SnapshotInfo]:
    """Moments with that of the lowest monitored loss."""
    step, lineage, loss, accuracy = low
    if step >= branch.state.step:
        return moments
    epoch = branch.position_at(step, lineage)
    best = SnapshotInfo(step, epoch, lineage, accuracy, "", False, loss)
    for place, each in enumerate(moments):
        if (each.step, each.lineage) == (step, lineage):
            best = replace(each, accuracy=accuracy, lowest_loss=loss)
            return [*moments[:place], best, *moments[place + 1 :]]
    return [*moments, best]


def _before_commands(branch: Branch, lineage: Lineage) -> Iterator[SnapshotInfo]:
    """The moment before each command of a lineage, as if there were no snapshot of it."""
    settings = settings_along(lineage, branch.config)
    sizes = tuple(each for each in lineage if isinstance(each.command, SetBatchSize))
    for place, (step, command) in enumerate(lineage):
        epoch = branch.position_at(step, sizes)
        words = f"{THEN}{command_words(command, settings[place].learning_rate)}"
        yield SnapshotInfo(step, epoch, lineage[:place], None, words, False, in_force=True)
