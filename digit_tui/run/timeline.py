"""The timeline of a run: its snapshots in order, those without a command in groups."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from digit_tui.data import counted
from digit_tui.run.commands import Lineage, ScaleLearningRate
from digit_tui.run.events import SnapshotInfo

TO = " to "
"""Before the value of a rate that was doubled, or halved."""
THEN, UNDONE = "then ", "undone: "
"""Before what was done at a snapshot."""
FOLD_FROM = 3
"""So many snapshots in a row that no command followed are shown as one line."""


@dataclass(frozen=True)
class SnapshotGroup:
    """A snapshot with a line of its own, or several between two such on one way of the run."""

    after: tuple[int, Lineage] | None
    """The step and lineage of the line before them; None for a line of its own."""
    snapshots: tuple[SnapshotInfo, ...]
    """At least one, in the order of their steps."""

    @property
    def undone(self) -> bool:
        """Whether the run has gone back to before them."""
        return self.snapshots[0].undone

    @property
    def key(self) -> Hashable:
        """What no other group has, also when there are more snapshots in it."""
        return self.after, self.snapshots[0].lineage, self.undone

    @property
    def folds(self) -> bool:
        """Whether it is shown as one line."""
        return len(self.snapshots) >= FOLD_FROM

    @property
    def words(self) -> str:
        """In one line, for example "12 snapshots between epochs 3 and 15"."""
        first, last = (_epoch(self.snapshots[place].epoch) for place in (0, -1))
        undone = "  (undone)" if self.undone else ""
        return (
            f"{counted(len(self.snapshots), 'snapshot')} between epochs {first} and {last}{undone}"
        )


def _epoch(position: float) -> str:
    return f"{position:.2f}".rstrip("0").rstrip(".")


def group_snapshots(snapshots: Iterable[SnapshotInfo]) -> list[SnapshotGroup]:
    """The groups of a timeline, in the order of their first snapshots.

    The untrained network has a line, each snapshot that a command followed, and the one with the
    lowest loss. What was undone has groups of its own beside those of the way that the run took. A
    group that would be folded ends before a line of another way, so that the lines are in the order
    of their epochs.
    """
    groups: list[tuple[tuple[int, Lineage] | None, list[SnapshotInfo]]] = []
    latest: dict[Lineage, tuple[int, Lineage]] = {}
    open_groups: dict[tuple[Lineage, bool], list[SnapshotInfo]] = {}
    in_order = sorted(snapshots, key=lambda each: (each.step, len(each.lineage)))
    for snapshot in _without_repeats(in_order):
        lineage = snapshot.lineage
        way = lineage, snapshot.undone
        if snapshot.lowest_loss is not None and snapshot.step and not snapshot.following:
            groups.append((None, [snapshot]))
        elif snapshot.following or not snapshot.step:
            groups.append((None, [snapshot]))
            latest[lineage] = (snapshot.step, lineage)
            open_groups.pop((lineage, False), None)
            open_groups.pop((lineage, True), None)
        elif way in open_groups:
            open_groups[way].append(snapshot)
        else:
            open_groups[way] = [snapshot]
            groups.append((latest.get(lineage, (0, lineage)), open_groups[way]))
    found = [SnapshotGroup(after, tuple(members)) for after, members in groups]
    lines = [line for group in found if not group.folds for line in group.snapshots]
    lines.sort(key=lambda line: line.step)
    split = [part for group in found if group.folds for part in _split(group, lines)]
    split += [SnapshotGroup(None, (line,)) for line in lines]
    return sorted(split, key=lambda group: group.snapshots[0].step)


def _without_repeats(snapshots: Iterable[SnapshotInfo]) -> Iterator[SnapshotInfo]:
    """One for all those between which only the same was done again, as by a key pressed often."""
    repeated: list[SnapshotInfo] = []
    for snapshot in snapshots:
        if repeated and not _repeats(repeated[-1], snapshot):
            yield _as_one(repeated)
            repeated = []
        repeated.append(snapshot)
    if repeated:
        yield _as_one(repeated)


def _repeats(one: SnapshotInfo, other: SnapshotInfo) -> bool:
    """Whether the same was done at both, at the other right after the one; or undone at the one."""
    both = one.undone == other.undone or (one.following.startswith(UNDONE) and other.undone)
    done = _done(one).removeprefix(UNDONE).removeprefix(THEN)
    same = done == _done(other).removeprefix(UNDONE).removeprefix(THEN)
    chain = one.step == other.step and one.lineage == other.lineage[:-1]
    scaled = chain and isinstance(other.lineage[-1].command, ScaleLearningRate)
    return bool(done) and both and same and scaled


def _done(snapshot: SnapshotInfo) -> str:
    """What a key did there, without the value that came of it; "" if it was no such thing."""
    done, _, _ = snapshot.following.rpartition(TO)
    return "" if "," in snapshot.following else done


def _as_one(repeated: Sequence[SnapshotInfo]) -> SnapshotInfo:
    first = repeated[0]
    if len(repeated) == 1:
        return first
    lowest = next((each.lowest_loss for each in repeated if each.lowest_loss is not None), None)
    value = repeated[-1].following.rpartition(TO)[2]
    following = f"{_done(first)} {len(repeated)} times{TO}{value}"
    return replace(first, following=following, lowest_loss=lowest)


def _split(group: SnapshotGroup, lines: Sequence[SnapshotInfo]) -> Iterator[SnapshotGroup]:
    """The parts of a group that is folded, between lines of their own."""
    after, members = group.after, list(group.snapshots)
    for line in lines:
        before = [each for each in members if each.step <= line.step]
        if before and len(before) < len(members):
            yield SnapshotGroup(after, tuple(before))
            after, members = (line.step, line.lineage), members[len(before) :]
    yield SnapshotGroup(after, tuple(members))
