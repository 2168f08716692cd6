"""The timeline: what was done at one step again and again has one line."""

from __future__ import annotations

from dataclasses import replace

from digit_tui.run.commands import AppliedCommand, ScaleLearningRate, SetOptimizer
from digit_tui.run.events import SnapshotInfo
from digit_tui.run.setting_words import command_words
from digit_tui.run.timeline import group_snapshots

DOUBLED = AppliedCommand(40, ScaleLearningRate(2.0))


def moment(count: int, following: str | None = None, step: int = 40) -> SnapshotInfo:
    """Where the rate is doubled once more."""
    words = f"then {command_words(DOUBLED.command, 0.005 * 2**count)}"
    words = words if following is None else following
    return SnapshotInfo(step, step / 32, (DOUBLED,) * count, 0.9, words, False)


def lines(*moments: SnapshotInfo) -> list[tuple[int, str]]:
    groups = group_snapshots(moments)
    return [(len(each.lineage), each.following) for group in groups for each in group.snapshots]


def test_a_key_that_was_pressed_often_has_one_line() -> None:
    pressed = [moment(count) for count in range(10)]
    assert lines(*pressed, moment(10, "")) == [
        (0, "then double the rate 10 times to 5.12"),
        (10, ""),
    ]
    best = replace(pressed[3], lowest_loss=0.25)
    (group,) = group_snapshots([*pressed[:3], best])
    assert group.snapshots[0].lowest_loss == 0.25


def test_what_was_undone_together_has_one_line() -> None:
    """Of which the first is of the moment that the run went back to."""
    first = replace(moment(0), following="undone: double the rate to 0.01")
    others = [replace(moment(count), undone=True) for count in range(1, 9)]
    last = replace(moment(9, ""), undone=True)
    assert lines(first, *others, last) == [(0, "undone: double the rate 9 times to 2.56"), (9, "")]


def test_what_else_was_done_has_its_own() -> None:
    assert len(lines(moment(0), moment(1, "then halve the rate to 0.01"))) == 2
    assert len(lines(moment(0), moment(1, step=41))) == 2
    assert len(lines(moment(0), replace(moment(1), undone=True))) == 2
    switched = replace(moment(1), lineage=(AppliedCommand(40, SetOptimizer("nesterov")),))
    moments = replace(moment(0), following="then switch to nesterov"), switched
    assert len(lines(moments[0], replace(switched, following="then switch to sgd"))) == 2
    undone = "then double the rate to 0.02, undone: switch to sgd"
    assert len(lines(moment(0), moment(1, undone))) == 2
    other = AppliedCommand(40, ScaleLearningRate(4.0))
    assert len(lines(moment(1), replace(moment(2), lineage=(other, other)))) == 2
