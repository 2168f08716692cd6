"""The snapshots that a run can go back to."""

from __future__ import annotations

from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.undo import NEVER, STOP, end_of, forget_earlier, make_point

from digit_tui.config import RunConfig
from digit_tui.nn import PredictionHistory
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    GoBack,
    Pause,
    Resume,
    ScaleLearningRate,
    SetAugmentation,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    EpochEnded,
    Paused,
    Refused,
    SnapshotInfo,
    TimelineChanged,
    WentBack,
)
from digit_tui.training import undo
from digit_tui.training.snapshots import SnapshotStore


@pytest.mark.usefixtures("every_half_epoch")
def test_each_moment_can_be_gone_to(train: Any) -> None:
    script = [(3, SetOptimizer("sgd")), (6, SetLearningRate(0.3)), (13, Undo())]
    script += [(9, SetAugmentation("none")), (12, SetClipping(value=0.01))]
    first = train([*script, STOP], interactive=True)
    moments: list[SnapshotInfo] = first.all(TimelineChanged)[-1].snapshots
    assert {moment.undone for moment in moments} == {True, False}
    assert {moment.step for moment in moments} >= {0, 3, 4, 6, 8, 9, 12, 16}
    following = {(moment.step, moment.following) for moment in moments if moment.following}
    assert following == {
        *((3, "then switch to sgd"), (6, "undone: set the learning rate to 0.3")),
        *((9, "then stop augmenting"), (12, "then clip by value 0.01")),
    }
    for moment in moments:
        back = [(NEVER, GoBack(moment.step, moment.lineage)), (NEVER, Resume())]
        last = [] if moment.step == 16 else [(NEVER, Stop())]
        ran = train([*script, *back, *last, STOP], interactive=True)
        *_, went = ran.all(WentBack)
        assert (went.step, went.ahead, went.lineage) == (moment.step, 0, moment.lineage)
        assert end_of(ran) == end_of(train(moment.lineage))


@pytest.mark.usefixtures("every_half_epoch")
def test_moments_say_what_is_known_of_them(train: Any) -> None:
    ran = train([(11, SetLearningRate(0.02)), STOP], interactive=True)
    moments = ran.all(TimelineChanged)[-1].snapshots
    assert [(moment.step, moment.following) for moment in moments] == [
        (0, ""),
        (4, ""),
        (8, ""),
        (11, "then set the learning rate to 0.02"),
        (12, ""),
        (16, ""),
    ]
    accuracy = {event.step: event.test_accuracy for event in ran.all(EpochEnded)}
    found = [moment.accuracy for moment in moments if moment.step in (8, 11, 12)]
    assert found == [accuracy[8], None, None]  # known where it was evaluated
    assert moments[-1].accuracy == accuracy[16]
    assert [moment.epoch for moment in moments] == [
        *(0, 4 * 32 / 230, 1, 1 + 3 * 32 / 230, 1 + 4 * 32 / 230, 2)
    ]
    assert not any(moment.undone for moment in moments)


@pytest.mark.usefixtures("every_half_epoch")
def test_what_is_undone_says_so(train: Any) -> None:
    change = (6, SetLearningRate(0.02))
    ran = train([change, (13, Undo()), STOP], interactive=True)
    after = ran.events[ran.events.index(ran.all(WentBack)[0]) :]
    moments = next(event for event in after if isinstance(event, TimelineChanged)).snapshots
    assert [(moment.step, moment.undone) for moment in moments] == [
        *((0, False), (4, False), (6, False), (8, True), (12, True)),
        (13, True),  # where it was, to go back to
    ]
    # What is made again is another way, though it has the same steps.
    moments = ran.all(TimelineChanged)[-1].snapshots
    assert [moment.step for moment in moments if moment.undone] == [8, 12, 13]
    assert [moment.step for moment in moments if not moment.undone] == [0, 4, 6, 8, 12, 16]


@pytest.mark.parametrize("interactive", [False, True])
def test_a_moment_that_is_not_in_memory_is_made_again(
    interactive: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(3, SetOptimizer("sgd")), (9, SetLearningRate(0.3))]
    train([*script, (12, Stop())], folder=tmp_path / "run")
    forget_earlier(tmp_path / "run")
    ran = go_on(tmp_path / "run", [(12, Undo()), STOP], interactive=interactive)
    (back,) = ran.all(WentBack)
    assert (back.from_step, back.step, back.ahead) == (12, 0, 9)
    assert back.lineage == ()  # of where it stands
    assert ran.trainer.state.lineage == (AppliedCommand(*script[0]),)
    assert end_of(ran) == end_of(train(script[:1]))


def test_commands_that_are_repeated_are_listed_before_they_are(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    """Who pauses meanwhile sees that nothing is lost."""
    script = [(3, SetOptimizer("sgd")), (6, SetAugmentation("none")), (9, SetLearningRate(0.3))]
    train([*script, (12, Stop())], folder=tmp_path / "run")
    forget_earlier(tmp_path / "run")
    ran = go_on(tmp_path / "run", [(12, Undo()), STOP], interactive=True)
    after = ran.events[ran.events.index(ran.all(WentBack)[0]) :]
    moments = next(event for event in after if isinstance(event, TimelineChanged)).snapshots
    to_come = [(each.step, each.following) for each in moments if not each.undone][1:]
    assert to_come == [(3, "then switch to sgd"), (6, "then stop augmenting")]
    listed = [each.following for each in ran.all(TimelineChanged)[-1].snapshots if each.following]
    assert listed.count("then switch to sgd") == 1


def test_a_moment_that_is_not_in_memory_while_paused(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(3, SetOptimizer("sgd")), (9, SetLearningRate(0.3))]
    train([*script, (12, Stop())], folder=tmp_path / "run")
    ran = go_on(tmp_path / "run", [(12, Pause()), (12, Undo()), (NEVER, Stop())], interactive=True)
    assert [(event.step, event.reason) for event in ran.all(Paused)] == [
        (12, "asked"),
        (9, "asked"),
    ]
    assert ran.ended.steps == 9
    assert ran.sha256 == train([script[0], (9, Stop())]).sha256
    assert go_on(tmp_path / "run").sha256 == train(script[:1]).sha256


def test_a_finished_run_is_resumed_and_undone(train: Any, go_on: Any, tmp_path: Path) -> None:
    train([(9, SetLearningRate(0.3))], folder=tmp_path / "run")
    ran = go_on(tmp_path / "run", [(NEVER, Undo()), (NEVER, Resume()), STOP], interactive=True)
    assert not ran.all(Refused)
    assert end_of(ran) == end_of(train())


@pytest.mark.usefixtures("no_half_epoch")
def test_an_undone_end_is_gone_to_again_without_complaints(train: Any) -> None:
    more = (16, AddEpochs(1))
    there = (NEVER, GoBack(20, (AppliedCommand(*more),)))
    script = [more, (20, Pause()), (NEVER, Undo()), there, (NEVER, Resume()), STOP]
    ran = train([*script], interactive=True)
    assert not ran.all(Refused)
    assert end_of(ran) == end_of(train([more]))


@pytest.mark.parametrize("interactive", [False, True])
@pytest.mark.parametrize(
    "nonsense",
    [
        GoBack(-1, ()),
        GoBack(13, ()),
        GoBack(NEVER, ()),
        GoBack(9, (AppliedCommand(-1, SetLearningRate(0.3)),)),
        GoBack(9, (AppliedCommand(10, SetLearningRate(0.3)),)),
        GoBack(
            9, (AppliedCommand(6, SetLearningRate(0.3)), AppliedCommand(5, SetOptimizer("sgd")))
        ),
    ],
    ids=str,
)
def test_nonsense_is_refused(nonsense: GoBack, interactive: bool, train: Any) -> None:
    ran = train([(12, nonsense), STOP], interactive=interactive)
    assert [event.step for event in ran.all(Refused)] == [12]
    assert not ran.all(WentBack)
    assert end_of(ran) == end_of(train())


def test_moments_use_bounded_memory_and_get_sparser_with_age(config: RunConfig) -> None:
    size = make_point(0, (), 0, config).size
    assert size >= 2 * 4 * (36 * 8 + 8 + 8 * 4 + 4)  # weights and their average, at least
    timeline = SnapshotStore(limit=12 * size + 1)
    for step in range(0, 1_000, 5):
        timeline.add(make_point(step, (), step, config))
        moments = timeline.infos
        assert len(moments) <= 12
        assert (moments[0].step, moments[-1].step) == (0, step)
    gaps = np.diff([moment.step for moment in timeline.infos])
    assert len(gaps) == 11
    assert gaps.min() > 0
    assert gaps[-1] <= 10  # the last ones are near
    assert gaps[:5].mean() > 4 * gaps[-5:].mean()


@pytest.mark.parametrize("same_past", [True, False])
def test_histories_of_predictions_count_once(same_past: bool, config: RunConfig) -> None:
    """Ways that have nothing in common have each their own past, in the same memory."""
    digits = 100_000
    bare = make_point(0, (), 0, config).size
    limit = 10 * (bare + digits) + 5 * digits  # a prediction is a byte, with its digit five
    timeline = SnapshotStore(limit)
    past = PredictionHistory()
    for step in range(40):
        moment = make_point(step, (), step, config)
        before = past if same_past else PredictionHistory()
        past = before.add(step + 1, np.full(digits, 0 if same_past else step % 10))
        moment.state.history = past
        timeline.add(moment)
    assert len(timeline.infos) == (10 if same_past else 2)


def test_the_moment_with_the_lowest_loss_is_kept(config: RunConfig) -> None:
    """Unless it is undone: then it is the lowest of those that are not."""
    size = make_point(0, (), 0, config).size
    timeline = SnapshotStore(5 * size)
    losses = [2.0, 0.9, 0.3, 0.2, nan, 0.25, *np.linspace(0.3, 0.9, 40)]
    for number, loss in enumerate(losses):
        moment = make_point(8 * number, (), 8 * number, config)
        timeline.note_loss(8 * number, (), loss)
        timeline.add(moment)
        timeline.mark_undone(8 * number, ())
    assert len(timeline.infos) == 5
    best = {each.step: each.lowest_loss for each in timeline.infos if each.lowest_loss is not None}
    assert best == {24: 0.2}
    timeline.mark_undone(16, ())
    assert not any(each.lowest_loss for each in timeline.infos)  # the untrained network is none


def test_the_moment_of_an_epoch_that_was_never_better_may_cost_more(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", 1e-9)
    monkeypatch.setattr(undo, "BEST_TIMES", 1e18)
    ran = train([STOP], interactive=True, epochs=4)
    losses = {each.step: each.test_loss for each in ran.all(EpochEnded)}
    moments = ran.all(TimelineChanged)[-1].snapshots
    best = [step for step, loss in losses.items() if loss == min(losses.values())]
    assert [each.step for each in moments if each.lowest_loss is not None] == best
    assert {*losses} <= {each.step for each in moments}  # each was better than the one before


def test_the_epoch_with_the_lowest_loss_is_listed_without_a_snapshot_too(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One gets there by repeating; no other moment is said to have the lowest loss."""
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", 1e-9)
    commands = [(17, SetLearningRate(3.0)), (NEVER, GoBack(16, ())), (17, Stop())]
    ran = train(commands, interactive=True, epochs=5)
    losses = {event.step: event.test_loss for event in ran.all(EpochEnded)}
    assert min(losses, key=lambda step: losses[step]) == 16
    (back,) = ran.all(WentBack)
    assert (back.from_step, back.step + back.ahead) == (40, 16)
    assert back.ahead
    listed = [each.snapshots for each in ran.all(TimelineChanged)]
    finished = next(each for each in listed if any(moment.step == 40 for moment in each))
    lowest = [(each.step, each.lowest_loss) for each in finished if each.lowest_loss is not None]
    assert lowest == [(16, losses[16])]


def test_the_moment_before_the_last_command_is_kept(config: RunConfig) -> None:
    size = make_point(0, (), 0, config).size
    for limit in (0, size, 3 * size, 5 * size):
        timeline = SnapshotStore(limit)
        lineage: tuple[AppliedCommand, ...] = ()
        for step in range(0, 400, 5):
            timeline.add(make_point(step, lineage, step, config))
            if step % 70 == 35:
                lineage = (*lineage, AppliedCommand(step, SetLearningRate(0.1 + step)))
            moments = timeline.infos
            assert (moments[0].step, moments[-1].step) == (0, step)
            assert len(moments) <= max(3, limit // size)
            now = moments[-1].lineage
            if now:
                assert timeline.find(now[-1].step, now[:-1]) is not None


@pytest.mark.parametrize("most", [12, 20])
def test_moments_before_commands_outlive_all_others(most: int, config: RunConfig) -> None:
    """Where there are more commands than memory, they get sparser with age."""
    size = make_point(0, (), 0, config).size
    timeline = SnapshotStore(limit=most * size)
    lineage: tuple[AppliedCommand, ...] = ()
    given: list[int] = []
    for step in range(0, 400, 5):
        timeline.add(make_point(step, lineage, step, config))
        if 100 <= step < 200 and step % 10 == 0:  # ten commands, long ago at the end
            given.append(step)
            lineage = (*lineage, AppliedCommand(step, SetLearningRate(0.1 + step)))
        timeline.mark_undone(step, lineage)
        assert len(timeline.infos) <= most
        assert [each.step for each in timeline.infos if each.following] == given
    for step in range(400, 520, 5):
        timeline.add(make_point(step, lineage, step, config))
        given.append(step)
        lineage = (*lineage, AppliedCommand(step, SetLearningRate(0.1 + step)))
        timeline.mark_undone(step, lineage)
    assert len(timeline.infos) == most
    left = [each.step for each in timeline.infos[1:]]
    assert set(left) < set(given)
    gaps = np.diff(left)
    assert gaps[: most // 3].mean() > 2 * gaps[-most // 3 :].mean()


def test_the_command_that_was_undone_says_so(train: Any) -> None:
    first, second = (6, SetLearningRate(0.3)), (9, Undo())
    again = [(6, SetOptimizer("sgd")), (6, SetOptimizer("sgd"))]  # the second changes nothing
    ran = train([first, second, *again, (12, Pause()), (NEVER, Stop())], interactive=True)
    told = [
        [each.following for each in event.snapshots if each.step == 6]
        for event in ran.all(TimelineChanged)
    ]
    found = [first for first, *_ in filter(None, told)]
    assert list(dict.fromkeys(found)) == [
        "",
        "then set the learning rate to 0.3",
        "undone: set the learning rate to 0.3",
        "undone: set the learning rate to 0.3, then switch to sgd",
    ]


@pytest.mark.parametrize("undo", [Undo(), GoBack(16, ())], ids=str)
def test_a_run_that_is_finished_again_says_so(undo: Any, train: Any) -> None:
    """Going back to the end of its epochs, from the end of more."""
    script = [(NEVER, AddEpochs(1)), (NEVER, undo), (NEVER, Undo()), (NEVER, Resume())]
    ran = train([*script, (NEVER, Stop())], interactive=True)
    assert [(event.step, event.reason) for event in ran.all(Paused)] == [
        *((16, "finished"), (24, "finished"), (16, "finished"))
    ]
    refused = [event.message for event in ran.all(Refused)]
    assert refused[0].startswith("Nothing is left to undo")
    assert refused[1].startswith("All epochs are done")
    assert (ran.ended.reason, ran.ended.steps) == ("finished", 16)


def test_a_finished_run_that_went_back_is_paused(train: Any, go_on: Any, tmp_path: Path) -> None:
    script = [(9, SetLearningRate(0.3)), (NEVER, Undo())]
    ran = train([*script, (NEVER, Stop())], interactive=True, folder=tmp_path / "run")
    assert [(event.step, event.reason) for event in ran.all(Paused)] == [
        *((16, "finished"), (9, "asked"))
    ]
    assert (ran.ended.reason, ran.ended.steps) == ("stopped", 9)
    # Where it has to be trained again to get to the end, it is finished when it has arrived.
    more = [(NEVER, Resume()), (NEVER, AddEpochs(1)), (NEVER, Stop())]
    assert go_on(tmp_path / "run", more, interactive=True).ended.steps == 24
    forget_earlier(tmp_path / "run")
    ran = go_on(tmp_path / "run", [(NEVER, Undo()), (NEVER, Stop())], interactive=True)
    assert [(back.step, back.ahead) for back in ran.all(WentBack)] == [(0, 16)]
    assert [(event.step, event.reason) for event in ran.all(Paused)] == [
        *((24, "finished"), (16, "finished"))
    ]


def test_a_run_with_little_memory_undoes_the_same(
    train: Any, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", 1e9)
    size = make_point(0, (), 0, config).size
    monkeypatch.setattr(SnapshotStore.__init__, "__defaults__", (5 * size,))
    script = [(step, ScaleLearningRate(0.9)) for step in range(2, 30, 3)]
    undos = [(35, Pause()), *[(NEVER, Undo())] * len(script)]
    ran = train([*script, *undos, (NEVER, Resume()), STOP], interactive=True, epochs=5)
    rows = {len(event.snapshots) for event in ran.all(TimelineChanged)}
    assert max(rows) > 6  # each command has one, also where there is no snapshot
    backs = ran.all(WentBack)
    assert [back.step + back.ahead for back in backs] == [step for step, _ in reversed(script)]
    assert any(back.ahead for back in backs)
    assert end_of(ran) == end_of(train(epochs=5))
