"""Where a run can go back to, and where it should after a trouble."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digit_tui.run.commands import Lineage
from digit_tui.run.events import Event, Refused, Spiked, TimelineChanged, WentBack
from digit_tui.run.lineage import is_possible
from digit_tui.run.state import RunState, Vectors
from digit_tui.run.wording import spike
from digit_tui.training.branch import Branch
from digit_tui.training.snapshots import Snapshot, SnapshotStore
from digit_tui.training.spike import LEARNED, SpikeAlarm


class UndoManager:
    """The snapshots of a run that are in memory, and the alarm that tells when all was well."""

    def __init__(self, classes: int) -> None:
        self._store = SnapshotStore()
        self._alarm = SpikeAlarm(classes)
        self._unjudged: Snapshot | None = None  # the snapshot where it stands, if it was kept
        self._trouble: tuple[int, Lineage] | None = None  # the last one, ...
        self._came_back_to = 0  # ... and the step that was gone back to
        self._rang_at: int | None = None  # the step after which the alarm rang, ...
        self._untold = False  # ... if nobody was told yet

    def keep(self, branch: Branch, following: str = "") -> TimelineChanged:
        """Keep the snapshot where a branch stands.

        Args:
            branch: the run's.
            following: the command that takes effect now, in words.
        """
        state, store = branch.state, self._store
        self._remember_beginning(branch)
        snapshot = store.find(state.step, state.lineage)
        if snapshot is None:
            loss = self._alarm.now
            snapshot = Snapshot(
                state.copy(), branch.position, branch.accuracy, loss, branch.steps_made
            )
            store.keep(snapshot)
        self._unjudged = snapshot
        snapshot.accuracy = branch.accuracy
        snapshot.following = following or snapshot.following
        return self.steered(branch)

    def steered(self, branch: Branch) -> TimelineChanged:
        """A branch is on a new way: what does not lead to where it stands is undone."""
        self._store.mark_undone(branch.state.step, branch.state.lineage)
        return TimelineChanged(self._store.infos)

    def spiked(self, branch: Branch, losses: list[float]) -> Spiked | None:
        """What happened, if the last steps' losses (in nats) show that the network is lost.

        It is told where the steps would have ended if nobody had waited, so that a repeated run
        pauses at the same key.
        """
        alarm = self._alarm
        if self._unjudged is not None:
            self._unjudged.next_loss, self._unjudged = losses[0], None
        rang = [alarm.rings(loss) for loss in losses]
        if any(rang) and not self._untold:
            self._rang_at = branch.state.step - len(losses) + 1 + rang.index(True)
            self._untold = True
        if not self._untold or branch.cut_short:
            return None
        self._untold = False
        before = min(alarm.best, alarm.guessing)
        message = spike(before, alarm.now, branch.state.step, branch.last_change)
        return Spiked(branch.state.step, branch.position, before, alarm.now, message)

    def forgive(self) -> None:
        """Somebody trains on with a network that is lost."""
        self._alarm.disarm()
        self._rang_at, self._untold = None, False

    def last_good(self, branch: Branch) -> tuple[int, Lineage]:
        """The last snapshot before a trouble when all was well.

        A trouble that comes again the same way asks for an earlier snapshot.
        """
        step = branch.state.step if self._rang_at is None else self._rang_at
        trouble = (step, branch.state.lineage)
        snapshots = [each for each in self._store.ancestors(*trouble) if each.key != trouble]
        if trouble == self._trouble:
            snapshots = [each for each in snapshots if each.state.step < self._came_back_to]
        good = [each.state.step for each in snapshots if self._was_healthy(each)]
        # Of several commands at one step the first may be to blame as well as the last.
        key: tuple[int, Lineage] = next(
            (each.key for each in snapshots if good and each.state.step == good[-1]), (0, ())
        )
        self._trouble, self._came_back_to = trouble, key[0]
        return key

    def _was_healthy(self, snapshot: Snapshot) -> bool:
        """Whether the loss was low before a snapshot, and its weights did well in the next step."""
        best, guessing = self._alarm.best, self._alarm.guessing
        return snapshot.loss < 2 * best and snapshot.next_loss < max(2 * best, LEARNED * guessing)

    def go_back(self, branch: Branch, step: int, lineage: Lineage) -> Iterator[Event]:
        """Take a branch to a snapshot, or to the last one in memory before it on the way there.

        Args:
            branch: the run's.
            step: of the snapshot.
            lineage: what had steered the run by then.
        """
        state = branch.state
        if not is_possible(step, lineage) or step > branch.furthest:
            yield Refused(state.step, f"Step {step:,} is no snapshot of this run.")
            return
        left, left_epoch, left_lineage = state.step, branch.position, state.lineage
        self._remember_beginning(branch)
        snapshot = self._store.nearest(step, lineage)
        yield from branch.go_to(snapshot.state, step, lineage)
        self._unjudged = self._rang_at = None
        self._untold = False
        self._alarm.restart(snapshot.loss)
        yield WentBack(
            step=state.step,
            epoch=branch.position,
            from_step=left,
            from_epoch=left_epoch,
            ahead=step - state.step,
            from_lineage=left_lineage,
            lineage=state.lineage,
            settings=state.settings,
        )
        yield self.steered(branch)

    def _remember_beginning(self, branch: Branch) -> None:
        """Have a snapshot from which a run comes to any snapshot."""
        if not self._store.infos:
            room = Vectors.make(branch.sizes, branch.config.average, np.zeros)
            beginning = RunState.begin(branch.config, branch.sizes, room).copy()
            self._store.keep(Snapshot(beginning, 0.0, None, self._alarm.guessing, 0))
