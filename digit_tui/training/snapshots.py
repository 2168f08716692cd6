"""Moments of a run that are kept in memory, to go back to."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from digit_tui.run.commands import Lineage, is_ancestor
from digit_tui.run.events import Moment
from digit_tui.run.state import RunState

UNDO_BYTES = 128 * 2**20
"""Memory for moments."""


@dataclass(eq=False)
class Point:
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
    def place(self) -> tuple[int, Lineage]:
        """The step, and what had steered the run by then."""
        return self.state.step, self.state.lineage

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(vector.nbytes for vector in self.state.vectors if vector is not None)

    @property
    def moment(self) -> Moment:
        state = self.state
        return Moment(
            state.step, self.epoch, state.lineage, self.accuracy, self.following, self.undone
        )


class Timeline:
    """Points in the order in which they were made; the first is where the run began."""

    def __init__(self, limit: int = UNDO_BYTES) -> None:
        """Begin with none.

        Args:
            limit: bytes; beyond it points are dropped, the closer to others and the older the
                sooner, but for the first, the last, and the one before the last command.
        """
        self._limit = limit
        self._points: list[Point] = []

    @property
    def moments(self) -> list[Moment]:
        return [point.moment for point in self._points]

    def keep(self, point: Point) -> None:
        """Add a point, of a moment that has none yet."""
        self._points.append(point)
        self._thin(point)

    def find(self, step: int, lineage: Lineage) -> Point | None:
        """The point of just this moment."""
        for point in self._points:
            if point.place == (step, lineage):
                return point
        return None

    def nearest(self, step: int, lineage: Lineage) -> Point:
        """The last point from which a run comes to this moment."""
        return self.way_to(step, lineage)[-1]

    def way_to(self, step: int, lineage: Lineage) -> list[Point]:
        """The points from which a run comes to this moment, in their order."""
        points = [point for point in self._points if is_ancestor(*point.place, step, lineage)]
        return sorted(points, key=lambda point: (point.state.step, len(point.state.lineage)))

    def mark_undone(self, step: int, lineage: Lineage) -> None:
        """The run now stands at this moment: what does not lead there is undone."""
        for point in self._points:
            point.undone = not is_ancestor(*point.place, step, lineage)

    def _thin(self, latest: Point) -> None:
        lineage = latest.state.lineage
        before_command = (lineage[-1].step, lineage[:-1]) if lineage else None
        while sum(point.size for point in self._points) > self._limit and len(self._points) > 2:
            dropped = min(
                range(1, len(self._points) - 1),
                key=lambda place: self._worth(place, latest, before_command),
            )
            if self._worth(dropped, latest, before_command) == inf:
                break
            del self._points[dropped]

    def _worth(self, place: int, latest: Point, kept: tuple[int, Lineage] | None) -> float:
        """How bad it would be to lose a point: the gap it would leave, beside its age."""
        point = self._points[place]
        if point.place == kept:
            return inf
        gap = self._points[place + 1].clock - self._points[place - 1].clock
        return gap / (latest.clock - point.clock + 1)
