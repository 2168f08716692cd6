"""The moment that a run went back from: it stays at hand until the run has got as far again."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from support.undo import NEVER, STOP, make_point

from digit_tui.config import RunConfig
from digit_tui.run.commands import (
    AppliedCommand,
    Fork,
    GoBack,
    Keep,
    Pause,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import EpochEnded, SnapshotInfo, TimelineChanged, WentBack
from digit_tui.training import undo
from digit_tui.training.snapshots import SnapshotStore

CHANGE = (3, SetOptimizer("sgd"))
LINEAGE = (AppliedCommand(*CHANGE),)


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No snapshot is kept that need not be."""
    monkeypatch.setattr(undo, "SnapshotStore", partial(SnapshotStore, limit=1))


def left_behind(ran: Any) -> list[list[int]]:
    """At which step, at each change of the timeline."""
    lists = [event.snapshots for event in ran.all(TimelineChanged)]
    return [[each.step for each in moments if each.left_behind] for moments in lists]


@pytest.mark.usefixtures("no_memory", "every_half_epoch")
@pytest.mark.parametrize("forked", [False, True])
def test_it_can_be_gone_to_at_once(train: Any, forked: bool) -> None:
    """As who quits and wants it does."""
    fork = [(12, Fork((SetLearningRate(0.01),))), (14, Keep(fork=False))]
    script = [CHANGE, (13, Undo()), *(fork if forked else [])]
    script += [(15, GoBack(13, LINEAGE)), (13, Stop())]
    ran = train(script, interactive=True)
    back, again = ran.all(WentBack)
    assert (back.from_step, back.step) == (13, 3)
    assert (again.step, again.ahead) == (13, 0)
    assert ran.ended.steps == 13
    assert ran.sha256 == train([CHANGE, (13, Stop())]).sha256


def test_it_is_told_until_the_run_has_got_as_far(train: Any) -> None:
    ran = train([CHANGE, (13, Undo()), STOP], interactive=True)
    told = left_behind(ran)
    assert [13] in told
    listed = [each for event in ran.all(TimelineChanged) for each in event.snapshots]
    known = {each.accuracy for each in listed if each.left_behind}
    assert known == {ran.all(EpochEnded)[0].test_accuracy}  # none was measured since
    assert told[0] == told[-1] == []
    ran = train([CHANGE, (13, Undo()), (9, Stop())], interactive=True)
    assert left_behind(ran)[-1] == [13]


def test_what_was_in_trouble_is_not_missed(train: Any) -> None:
    script = [(9, SetLearningRate(1e9)), (NEVER, Undo()), (NEVER, Pause()), STOP]
    ran = train(script, interactive=True)
    assert ran.all(WentBack)
    assert not any(left_behind(ran))


@pytest.mark.parametrize(
    ("accuracies", "kept"),
    [((0.9, 0.8), 20), ((0.2, 0.8), 10), ((None, 0.8), 20), ((0.8, 0.8), 20)],
)
def test_of_several_the_latest_stays_unless_it_was_bad(
    config: RunConfig, accuracies: tuple[float | None, float], kept: int
) -> None:
    store = SnapshotStore()
    for step, accuracy in zip((20, 10), accuracies, strict=True):
        point = make_point(step, (), step, config)
        store.add(point)
        store.leave(point, accuracy, 0.0)
    found: list[SnapshotInfo] = store.infos
    assert [each.step for each in found if each.left_behind] == [kept]
    store.mark_undone(kept - 1, ())
    assert any(each.left_behind for each in store.infos)
    store.mark_undone(kept, ())
    assert not any(each.left_behind for each in store.infos)


@pytest.mark.parametrize(("to", "kept"), [(0.1, 10), (1.0, 20)])
def test_another_way_counts_if_it_was_worth_anything(
    config: RunConfig, to: float, kept: int
) -> None:
    store = SnapshotStore()
    for step, lineage in ((20, ()), (10, LINEAGE)):
        point = make_point(step, lineage, step, config)
        store.add(point)
        store.leave(point, 0.8, to if lineage else 0.0)
    assert [each.step for each in store.infos if each.left_behind] == [kept]


def test_a_fork_that_goes_on_leaves_nothing_of_the_run(train: Any) -> None:
    """What was undone before the fork is the run's; then the fork itself goes back."""
    fork = [(5, Fork((SetLearningRate(0.02),))), (11, Keep(fork=True))]
    ran = train([CHANGE, (13, Undo()), *fork, (11, Stop())], interactive=True)
    assert [13] in left_behind(ran)
    assert left_behind(ran)[-1] == []
    ran = train([CHANGE, (13, Undo()), *fork, (11, Undo()), (6, Stop())], interactive=True)
    back = ran.all(WentBack)[-1]
    assert back.step == 5
    assert left_behind(ran)[-1] == [back.from_step]
