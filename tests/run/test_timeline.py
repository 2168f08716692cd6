"""The timeline: what was done at one step again and again has one line."""

from __future__ import annotations

from dataclasses import replace

from digit_tui.run.commands import AppliedCommand, Lineage, ScaleLearningRate
from digit_tui.run.events import SnapshotInfo
from digit_tui.run.timeline import group_snapshots

DOUBLED = AppliedCommand(40, ScaleLearningRate(2.0))
WORDS = "then double the learning rate"


def moment(lineage: Lineage, following: str = WORDS, step: int = 40) -> SnapshotInfo:
    return SnapshotInfo(step, step / 32, lineage, 0.9, following, False)


def lines(*moments: SnapshotInfo) -> list[tuple[int, str]]:
    groups = group_snapshots(moments)
    return [(len(each.lineage), each.following) for group in groups for each in group.snapshots]


def test_a_key_that_was_pressed_often_has_one_line() -> None:
    pressed = [moment((DOUBLED,) * count) for count in range(10)]
    assert lines(*pressed, moment((DOUBLED,) * 10, "")) == [(0, f"{WORDS}, 10 times"), (10, "")]
    best = replace(pressed[3], lowest_loss=0.25)
    (group,) = group_snapshots([*pressed[:3], best])
    assert group.snapshots[0].lowest_loss == 0.25


def test_what_else_was_done_has_its_own() -> None:
    halved = moment((DOUBLED,), "then halve the learning rate")
    assert len(lines(moment(()), halved)) == 2
    assert len(lines(moment(()), moment((DOUBLED,), step=41))) == 2
    assert len(lines(moment(()), replace(moment((DOUBLED,)), undone=True))) == 2
    other = AppliedCommand(40, ScaleLearningRate(4.0))
    assert len(lines(moment((DOUBLED,)), moment((other,)))) == 2
