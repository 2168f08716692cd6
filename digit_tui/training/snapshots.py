"""Copies of a run's state in memory, to go back to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import NamedTuple

from digit_tui.nn import Change
from digit_tui.run.commands import AppliedCommand, Lineage
from digit_tui.run.events import SnapshotInfo
from digit_tui.run.lineage import is_ancestor
from digit_tui.run.setting_words import command_words
from digit_tui.run.state import RunState
from digit_tui.run.timeline import THEN, UNDONE

UNDO_BYTES = 128 * 2**20
"""Memory for snapshots."""
AHEAD = 1.0
"""Epochs of another way that are worth more than a later moment that was left before."""
CLEARLY_LESS = 0.01
"""An accuracy is clearly lower than another one by more than this."""


@dataclass(eq=False)
class Snapshot:
    """A copy of the state, and what is known of the network at that step."""

    state: RunState
    epoch: float
    """Position in the run: completed epochs, with the part of the present one."""
    accuracy: float | None
    """On the monitored split, as a fraction; None where it was not evaluated."""
    loss: float
    """Training loss of the last steps, in nats."""
    clock: int
    """Steps made by then in all, undone ones included."""
    next_loss: float = inf
    """Training loss of the step after it, the first that was computed with its weights."""
    following: list[AppliedCommand] = field(default_factory=list)
    """The commands that took effect here, also those that were undone."""
    in_force: AppliedCommand | None = None
    """The one of them that the run is under now."""
    undone: bool = False
    """Whether the run went back to before it."""
    accuracy_before: float | None = None
    """Of the last evaluation at or before it, where the run went back from it."""

    @property
    def key(self) -> tuple[int, Lineage]:
        """What the state follows from: the step, and the commands in force."""
        return self.state.step, self.state.lineage

    @property
    def size(self) -> int:
        """Bytes that are its own: what it shares with others (`changes`) is not in it."""
        latest, removed = self.state.history.latest, self.state.removed
        arrays = [*self.state.vectors, latest]
        own = sum(array.nbytes for array in arrays if array is not None)
        return own + (0 if removed is None else removed.size)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The history of its predictions, which it shares as far as another has the same past."""
        return self.state.history.changes

    def info(self, lowest_loss: float | None, left_behind: bool) -> SnapshotInfo:
        """All but the state, for front ends.

        Args:
            lowest_loss: its monitored loss in nats, if that is the lowest; else None.
            left_behind: see `SnapshotInfo`.
        """
        state, rate = self.state, self.state.settings.learning_rate
        following = [
            (THEN if self.undone or applied == self.in_force else UNDONE)
            + command_words(applied.command, rate)
            for applied in self.following
        ]
        accuracy = self.accuracy if self.accuracy is not None else self.accuracy_before
        return SnapshotInfo(
            *(state.step, self.epoch, state.lineage, accuracy, ", ".join(following)),
            self.undone,
            lowest_loss,
            self.in_force is not None,
            left_behind,
        )


class Low(NamedTuple):
    """A moment whose monitored loss was lower than any before it."""

    step: int
    lineage: Lineage
    loss: float
    """In nats."""
    accuracy: float | None
    """As a fraction; None if it is unknown."""


class SnapshotStore:
    """Snapshots in the order in which they were taken; the first is of the untrained network."""

    def __init__(self, limit: int = UNDO_BYTES) -> None:
        """Begin empty.

        Args:
            limit: bytes. Beyond it snapshots are dropped: those before commands only when there
                are no others left; else old ones first, and those that have others close by. The
                first one, the last one, the one before the last command, the one with the lowest
                monitored loss, and what the run left by going back stay.
        """
        self._limit = limit
        self._snapshots: list[Snapshot] = []
        self._holders: Counter[int] = Counter()
        """Snapshots that have each change of predictions, by its id."""
        self._lows: list[Low] = []
        """On all ways that the run took, also where no snapshot was taken."""
        self.lowest: Low | None = None
        """The last of them on the way to the present."""
        self.departure: Snapshot | None = None
        """Where the run last set out to go back."""
        self._left_behind: Snapshot | None = None
        """See `SnapshotInfo`."""
        self._best: Snapshot | None = None
        """The one of that moment, if there is one."""
        self._size = 0
        """Bytes of all, with what they share counted once."""

    @property
    def infos(self) -> list[SnapshotInfo]:
        lowest = None if self.lowest is None else self.lowest.loss
        return [
            each.info(lowest if each is self._best else None, each is self._left_behind)
            for each in self._snapshots
        ]

    @property
    def best_without_snapshot(self) -> Low | None:
        """The moment with the lowest monitored loss, if there is no snapshot of it."""
        return self.lowest if self._best is None else None

    def note_loss(
        self, step: int, lineage: Lineage, loss: float, accuracy: float | None = None
    ) -> bool:
        """Take in a monitored loss, in nats; whether none on the way there was lower.

        That of the untrained network does not count.

        Args:
            step: of the network that it is of.
            lineage: the commands in force then.
            loss: it.
            accuracy: of the same network, as a fraction; None if it is unknown.
        """
        lowest = self._lowest_before(step, lineage)
        if not step or not isfinite(loss) or (lowest is not None and loss >= lowest.loss):
            return False
        self._lows.append(Low(step, lineage, loss, accuracy))
        return True

    def _lowest_before(self, step: int, lineage: Lineage) -> Low | None:
        found = [each for each in self._lows if is_ancestor(*each[:2], step, lineage)]
        return min(found, key=lambda each: each.loss, default=None)

    @property
    def _present(self) -> list[Snapshot]:
        return [each for each in self._snapshots if not each.undone]

    @property
    def on_the_way(self) -> set[tuple[int, int]]:
        """Step, and number of commands, of those not undone: that tells them from each other."""
        return {(each.state.step, len(each.state.lineage)) for each in self._present}

    def add(self, snapshot: Snapshot) -> None:
        """Keep a snapshot whose key no other one has."""
        self._snapshots.append(snapshot)
        self._size += snapshot.size
        for change in snapshot.changes:
            self._holders[id(change)] += 1
            if self._holders[id(change)] == 1:
                self._size += change.size
        self._thin(snapshot)

    def find(self, step: int, lineage: Lineage) -> Snapshot | None:
        """The snapshot with this key, if there is one."""
        for snapshot in self._snapshots:
            if snapshot.key == (step, lineage):
                return snapshot
        return None

    def nearest(self, step: int, lineage: Lineage) -> Snapshot:
        """The last snapshot from which a run gets to this key."""
        return self.ancestors(step, lineage)[-1]

    def ancestors(self, step: int, lineage: Lineage) -> list[Snapshot]:
        """The snapshots from which a run gets to this key, in the order of their steps."""
        found = [each for each in self._snapshots if is_ancestor(*each.key, step, lineage)]
        return sorted(found, key=lambda each: (each.state.step, len(each.state.lineage)))

    def leave(self, left: Snapshot, accuracy: float | None, to: float) -> None:
        """The run goes back from a snapshot, which it may want again.

        One that it left before is kept instead if it is further on the same way, or if this one is
        hardly ahead of where the run goes to.

        Args:
            left: it.
            accuracy: of the last evaluation at or before it, as a fraction; None without any.
            to: the epoch to which the run goes back.
        """
        left.accuracy_before = accuracy
        before = self._left_behind
        if before is not None and not is_clearly_less(before.accuracy_before, accuracy):
            further = before.state.step > left.state.step
            if further and (is_ancestor(*left.key, *before.key) or left.epoch - to < AHEAD):
                return
        self._left_behind = left

    def forget_left(self) -> None:
        """What was left before is of another run: a fork goes on in place of that."""
        self._left_behind = self.departure = None

    def mark_undone(self, step: int, lineage: Lineage) -> None:
        """Mark all from which a run does not get to this key, and the commands of all others.

        Then the best is that of those which are left.
        """
        if self._left_behind is not None and step >= self._left_behind.state.step:
            self._left_behind = None
        for snapshot in self._snapshots:
            snapshot.undone = not is_ancestor(*snapshot.key, step, lineage)
            snapshot.in_force = None
            place = len(snapshot.state.lineage)
            if snapshot.undone or len(lineage) == place:
                continue
            if lineage[place].step == snapshot.state.step:
                snapshot.in_force = lineage[place]
                if snapshot.in_force not in snapshot.following:
                    snapshot.following.append(snapshot.in_force)
        lowest = self.lowest = self._lowest_before(step, lineage)
        self._best = None if lowest is None else self.find(lowest.step, lowest.lineage)

    def _thin(self, latest: Snapshot) -> None:
        lineage = latest.state.lineage
        before_command = (lineage[-1].step, lineage[:-1]) if lineage else None
        kept = (self._best, self.departure, self._left_behind)
        snapshots = self._snapshots
        while self._size > self._limit:
            droppable = [
                index
                for index in range(1, len(snapshots) - 1)
                if snapshots[index].key != before_command and snapshots[index] not in kept
            ]
            if not droppable:
                break
            self._drop(min(droppable, key=lambda index: self._worth(index, latest)))

    def _drop(self, index: int) -> None:
        dropped = self._snapshots.pop(index)
        self._size -= dropped.size
        for change in dropped.changes:
            self._holders[id(change)] -= 1
            if not self._holders[id(change)]:
                del self._holders[id(change)]
                self._size -= change.size

    def _worth(self, index: int, latest: Snapshot) -> tuple[bool, float]:
        """What losing a snapshot would cost: a command, and the gap, relative to its age."""
        snapshot = self._snapshots[index]
        gap = self._snapshots[index + 1].clock - self._snapshots[index - 1].clock
        return bool(snapshot.following), gap / (latest.clock - snapshot.clock + 1)


def is_clearly_less(one: float | None, other: float | None) -> bool:
    """Whether one of two accuracies is: not if one of them is unknown (None)."""
    return one is not None and other is not None and one < other - CLEARLY_LESS
