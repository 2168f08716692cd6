"""Moments of a run that are kept in memory, to go back to."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from digit_tui.run.commands import Lineage
from digit_tui.run.events import SnapshotInfo
from digit_tui.run.lineage import is_ancestor
from digit_tui.run.state import RunState

UNDO_BYTES = 128 * 2**20
"""Arena for snapshots."""


@dataclass(eq=False)
class Snapshot:
    """A copy of the state, and what is known of the network then."""

    state: RunState
    epoch: float
    """Position in the run: completed epochs, with the part of the present one."""
    accuracy: float | None
    """On the test set, when it was last looked at."""
    loss: float
    """Training loss of the last steps, in nats."""
    clock: int
    """Steps that were ever made by then, undone ones included."""
    next_loss: float = inf
    """Training loss of the step after it, the first that was computed with its weights."""
    following: str = ""
    """The command that took effect here, in words."""
    undone: bool = False

    @property
    def key(self) -> tuple[int, Lineage]:
        """The step, and what had steered the run by then."""
        return self.state.step, self.state.lineage

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(vector.nbytes for vector in self.state.vectors if vector is not None)

    @property
    def info(self) -> SnapshotInfo:
        state = self.state
        return SnapshotInfo(
            state.step, self.epoch, state.lineage, self.accuracy, self.following, self.undone
        )


class SnapshotStore:
    """Points in the order in which they were made; the first is where the run began."""

    def __init__(self, limit: int = UNDO_BYTES) -> None:
        """Begin with none.

        Args:
            limit: bytes; beyond it snapshots are dropped, the closer to others and the older the
                sooner, but for the first, the last, and the one before the last command.
        """
        self._limit = limit
        self._snapshots: list[Snapshot] = []

    @property
    def infos(self) -> list[SnapshotInfo]:
        return [snapshot.info for snapshot in self._snapshots]

    def keep(self, snapshot: Snapshot) -> None:
        """Add a snapshot, of a snapshot that has none yet."""
        self._snapshots.append(snapshot)
        self._thin(snapshot)

    def find(self, step: int, lineage: Lineage) -> Snapshot | None:
        """The snapshot of just this snapshot."""
        for snapshot in self._snapshots:
            if snapshot.key == (step, lineage):
                return snapshot
        return None

    def nearest(self, step: int, lineage: Lineage) -> Snapshot:
        """The last snapshot from which a run comes to this snapshot."""
        return self.ancestors(step, lineage)[-1]

    def ancestors(self, step: int, lineage: Lineage) -> list[Snapshot]:
        """The snapshots from which a run comes to this snapshot, in their order."""
        snapshots = [
            snapshot for snapshot in self._snapshots if is_ancestor(*snapshot.key, step, lineage)
        ]
        return sorted(
            snapshots, key=lambda snapshot: (snapshot.state.step, len(snapshot.state.lineage))
        )

    def mark_undone(self, step: int, lineage: Lineage) -> None:
        """The run now stands at this snapshot: what does not lead there is undone."""
        for snapshot in self._snapshots:
            snapshot.undone = not is_ancestor(*snapshot.key, step, lineage)

    def _thin(self, latest: Snapshot) -> None:
        lineage = latest.state.lineage
        before_command = (lineage[-1].step, lineage[:-1]) if lineage else None
        while (
            sum(snapshot.size for snapshot in self._snapshots) > self._limit
            and len(self._snapshots) > 2
        ):
            dropped = min(
                range(1, len(self._snapshots) - 1),
                key=lambda place: self._worth(place, latest, before_command),
            )
            if self._worth(dropped, latest, before_command) == inf:
                break
            del self._snapshots[dropped]

    def _worth(self, place: int, latest: Snapshot, kept: tuple[int, Lineage] | None) -> float:
        """How bad it would be to lose a snapshot: the gap it would leave, beside its age."""
        snapshot = self._snapshots[place]
        if snapshot.key == kept:
            return inf
        gap = self._snapshots[place + 1].clock - self._snapshots[place - 1].clock
        return gap / (latest.clock - snapshot.clock + 1)
