"""Going back: undo, any moment of the timeline, and the way out of trouble."""

from __future__ import annotations

from itertools import cycle
from math import log, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine import stepper as step_module
from digit_tui.engine.stepper import NotFinite, Stepper
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Command,
    GoBack,
    Pause,
    Resume,
    Save,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Event,
    Paused,
    Refused,
    Resumed,
    SnapshotInfo,
    Spiked,
    TimelineChanged,
    WentBack,
)
from digit_tui.run.state import RunState, Vectors
from digit_tui.storage.run_files import METRICS
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training import trainer as trainer_module
from digit_tui.training import undo
from digit_tui.training.command_source import CommandScript
from digit_tui.training.snapshots import Snapshot, SnapshotStore
from digit_tui.training.spike import SpikeAlarm
from digit_tui.training.trainer import Trainer

NEVER = 10**9
"""A step that is never reached: a script's command with it waits until the run is paused."""
STOP = (NEVER, Stop())

CHANGES: list[Command] = [
    SetOptimizer("nesterov"),
    SetOptimizer("adamw"),
    SetLearningRate(0.05),
    ScaleLearningRate(0.5),
    SetClipping(norm=0.1),
    SetAugmentation("elastic"),
    SetBatchSize(50),
    AddEpochs(1),
]


@pytest.fixture
def every_half_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment is kept at each half epoch, whatever that costs."""
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", 1e9)


@pytest.fixture
def no_half_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments are kept before commands only, whatever the clock says."""
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", -1.0)


def end_of(ran: Any) -> tuple[Any, ...]:
    """All that the next step would depend on."""
    state = ran.trainer.state
    tally = {name: value for name, value in vars(state.tally).items() if name != "seconds"}
    return (
        ran.sha256,
        state.slots.tobytes(),
        state.settings,
        state.lineage,
        (state.step, state.slot_steps, state.epoch, state.cursor),
        tally,
    )


def results_of(events: list[Event]) -> dict[int, Any]:
    """Of each epoch, as it was when it was last made."""
    return {
        event.epoch: (event.step, event.train_loss, event.test_loss, event.learning_rate)
        for event in events
        if isinstance(event, EpochEnded)
    }


# Undo


@pytest.mark.parametrize("interactive", [False, True])
def test_there_is_nothing_to_undo_before_the_first_command(interactive: bool, train: Any) -> None:
    ran = train([(0, Undo()), (5, Undo()), STOP], interactive=interactive)
    assert [event.step for event in ran.all(Refused)] == [0, 5]
    assert not ran.all(WentBack)
    assert end_of(ran) == end_of(train())


@pytest.mark.parametrize("interactive", [False, True])
@pytest.mark.parametrize("step", [0, 5, 8])
@pytest.mark.parametrize("command", CHANGES, ids=str)
def test_undo_takes_the_last_command_back_to_the_bit(
    command: Command, step: int, interactive: bool, train: Any
) -> None:
    plain = train()
    ran = train([(step, command), (step + 3, Undo()), STOP], interactive=interactive)
    (back,) = ran.all(WentBack)
    assert back.from_step == step + 3
    assert back.step + back.ahead == step
    assert back.settings == plain.trainer.state.settings
    assert back.lineage == ()
    assert end_of(ran) == end_of(plain)
    assert results_of(ran.events) == results_of(plain.events)
    assert not ran.all(Refused)


def test_undo_takes_back_one_command_and_no_more(train: Any) -> None:
    script = [(2, SetOptimizer("sgd")), (5, SetLearningRate(0.3)), (5, SetAugmentation("none"))]
    for interactive in (False, True):
        ran = train([*script, (12, Undo()), STOP], interactive=interactive)
        assert end_of(ran) == end_of(train(script[:2]))


@pytest.mark.parametrize("interactive", [False, True])
def test_undo_again_and_again(interactive: bool, train: Any) -> None:
    script = [(2, SetOptimizer("sgd")), (5, SetLearningRate(0.3)), (5, SetAugmentation("none"))]
    undos = [(10, Pause()), *[(10, Undo())] * 4]
    ran = train([*script, *undos, (NEVER, Resume()), STOP], interactive=interactive)
    backs = ran.all(WentBack)
    assert [back.step + back.ahead for back in backs] == [5, 5, 2]
    asked = [event.step for event in ran.all(Paused) if event.reason == "asked"]
    assert asked == [10, 5, 5, 2]  # it stays paused, at the moment that was asked for
    assert [event.step for event in ran.all(Refused)] == [2]
    assert end_of(ran) == end_of(train())


def test_undo_while_it_trains_trains_on(train: Any) -> None:
    for interactive in (False, True):
        ran = train([(5, SetLearningRate(0.3)), (9, Undo()), STOP], interactive=interactive)
        assert not [event for event in ran.all(Paused) if event.reason != "finished"]
        assert not ran.all(Resumed)


def test_another_command_after_an_undo_steers_another_way(train: Any) -> None:
    script = [(5, SetLearningRate(0.3)), (9, Undo()), (7, SetOptimizer("sgd")), (12, Undo())]
    again = (9, SetOptimizer("rmsprop"))
    for interactive in (False, True):
        assert end_of(train([*script[:3], STOP], interactive=interactive)) == end_of(
            train(script[2:3])
        )
        assert end_of(train([*script, again, STOP], interactive=interactive)) == end_of(
            train([again])
        )


@pytest.mark.parametrize("interactive", [False, True])
def test_a_command_is_undone_and_done_again_at_once(interactive: bool, train: Any) -> None:
    """Between the same two steps."""
    command, other = (6, SetOptimizer("sgd")), (6, SetLearningRate(0.3))
    there = (6, GoBack(6, (AppliedCommand(*command),)))
    script = [command, (6, Undo()), there, other, STOP]
    ran = train(script, interactive=interactive)
    assert not ran.all(Refused)
    assert end_of(ran) == end_of(train([command, other]))


def test_the_same_command_once_more_after_its_undo(train: Any, go_on: Any, tmp_path: Path) -> None:
    command = (5, SetLearningRate(0.3))
    script = [command, (9, Undo()), command]
    ran = train([*script, (11, Stop())], folder=tmp_path / "run")
    assert ran.trainer.state.lineage == (AppliedCommand(*command),)
    assert go_on(tmp_path / "run").sha256 == train([command]).sha256


def test_what_was_undone_can_be_taken_up_again(train: Any) -> None:
    command = (5, SetLearningRate(0.3))
    for interactive in (False, True):
        script = [command, (12, Undo()), (10, GoBack(12, (AppliedCommand(*command),))), STOP]
        ran = train(script, interactive=interactive)
        assert [back.step + back.ahead for back in ran.all(WentBack)] == [5, 12]
        assert end_of(ran) == end_of(train([command]))


# Moments


@pytest.mark.usefixtures("every_half_epoch")
def test_each_moment_can_be_gone_to(train: Any) -> None:
    script = [(3, SetOptimizer("sgd")), (6, SetLearningRate(0.3)), (13, Undo())]
    script += [(9, SetAugmentation("none")), (12, SetClipping(value=0.01))]
    first = train([*script, STOP], interactive=True)
    moments: list[SnapshotInfo] = first.all(TimelineChanged)[-1].snapshots
    assert {moment.undone for moment in moments} == {True, False}
    assert {moment.step for moment in moments} >= {0, 3, 4, 6, 8, 9, 12, 16}
    assert "learning rate 0.3" in [moment.following for moment in moments]
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
        (11, "learning rate 0.02"),
        (12, ""),
        (16, ""),
    ]
    accuracy = {event.step: event.test_accuracy for event in ran.all(EpochEnded)}
    assert [moment.accuracy for moment in moments if moment.step in (8, 11, 12)] == [
        accuracy[8]
    ] * 3
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
        *((0, False), (4, False), (6, False), (8, True), (12, True))
    ]
    # What is made again is another way, though it has the same steps.
    moments = ran.all(TimelineChanged)[-1].snapshots
    assert [moment.step for moment in moments if moment.undone] == [8, 12]
    assert [moment.step for moment in moments if not moment.undone] == [0, 4, 6, 8, 12, 16]


@pytest.mark.parametrize("interactive", [False, True])
def test_a_moment_that_is_not_in_memory_is_made_again(
    interactive: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(3, SetOptimizer("sgd")), (9, SetLearningRate(0.3))]
    train([*script, (12, Stop())], folder=tmp_path / "run")
    ran = go_on(tmp_path / "run", [(12, Undo()), STOP], interactive=interactive)
    (back,) = ran.all(WentBack)
    assert (back.from_step, back.step, back.ahead) == (12, 0, 9)
    assert back.lineage == ()  # of where it stands
    assert ran.trainer.state.lineage == (AppliedCommand(*script[0]),)
    assert end_of(ran) == end_of(train(script[:1]))


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


# The run's folder


@pytest.mark.parametrize("interactive", [False, True])
def test_a_folder_tells_of_the_way_that_was_taken(
    interactive: bool, train: Any, tmp_path: Path
) -> None:
    script = [(5, SetLearningRate(0.02)), (12, SetOptimizer("sgd")), (21, Undo())]
    folder = tmp_path / "run"
    ran = train([*script, (22, Undo()), STOP], folder=folder, interactive=interactive, epochs=3)
    plain = train(epochs=3)
    assert end_of(ran) == end_of(plain)
    history = SavedRun.read(folder).history()
    assert history.lineage == ()
    told = {
        line["epoch"]: (*(line[key] for key in ("step", "train_loss", "test_loss")),)
        for line in history.epochs
    }
    assert told == {epoch: result[:3] for epoch, result in results_of(plain.events).items()}
    assert [line["epoch"] for line in history.epochs] == [1, 2, 3]
    rows = (folder / METRICS).read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["1", "8"], ["2", "16"], ["3", "24"]]
    assert [float(row.split(",")[4]) for row in rows[1:]] == [result[1] for result in told.values()]


@pytest.mark.parametrize("interactive", [False, True])
def test_an_epoch_that_is_made_again_has_one_row(
    interactive: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    train([(12, SetLearningRate(0.02)), (14, Stop())], folder=folder)
    go_on(
        folder, [(14, Undo()), STOP], interactive=interactive
    )  # from the beginning: 12 is not in memory
    rows = (folder / METRICS).read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "1", "2"]
    assert [line["epoch"] for line in SavedRun.read(folder).history().epochs] == [1, 2]


def test_epochs_that_are_undone_are_not_in_the_metrics(train: Any, tmp_path: Path) -> None:
    script = [(5, SetLearningRate(0.02)), (21, Pause()), (21, Undo()), (NEVER, Stop())]
    train(script, folder=tmp_path / "run", interactive=True, epochs=3)
    assert SavedRun.read(tmp_path / "run").history().epochs == []
    assert len((tmp_path / "run" / METRICS).read_text().splitlines()) == 1


@pytest.mark.parametrize("interactive", [False, True])
def test_an_undo_is_saved_at_once(
    interactive: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    """A checkpoint of what was undone is of no use any more."""
    folder = tmp_path / "run"
    script = [(5, SetLearningRate(0.3)), (9, Save()), (10, Undo()), (7, Stop())]
    ran = train(script, folder=folder, interactive=interactive)
    went = ran.events.index(ran.all(WentBack)[0])
    assert any(isinstance(event, CheckpointSaved) for event in ran.events[went:-2])
    assert go_on(folder).sha256 == train().sha256


# Arena


def make_point(
    step: int, lineage: tuple[AppliedCommand, ...], clock: int, config: RunConfig
) -> Snapshot:
    sizes = (36, 8, 4)
    state = RunState.begin(config, sizes, Vectors.make(sizes, True, np.zeros)).copy()
    state.step, state.lineage = step, lineage
    return Snapshot(state, step / 8, None, 1.0, clock)


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


def test_a_run_with_little_memory_undoes_the_same(
    train: Any, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", 1e9)
    size = make_point(0, (), 0, config).size
    monkeypatch.setattr(SnapshotStore.__init__, "__defaults__", (5 * size,))
    script = [(step, ScaleLearningRate(0.9)) for step in range(2, 30, 3)]
    undos = [(35, Pause()), *[(NEVER, Undo())] * len(script)]
    ran = train([*script, *undos, (NEVER, Resume()), STOP], interactive=True, epochs=5)
    assert {len(event.snapshots) for event in ran.all(TimelineChanged)} <= set(range(1, 7))
    backs = ran.all(WentBack)
    assert [back.step + back.ahead for back in backs] == [step for step, _ in reversed(script)]
    assert any(back.ahead for back in backs)
    assert end_of(ran) == end_of(train(epochs=5))


# Trouble


@pytest.mark.parametrize("rhythm", [1, 2, 3, 7])
def test_a_command_that_comes_does_not_move_the_pause(
    rhythm: int, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders that end early as somebody waits are as good as whole ones."""
    script: list[tuple[int, Command]] = [(50, SetLearningRate(1000)), STOP]
    options = {"optimizer": "adam", "epochs": 12, "learning_rate": 0.02, "interactive": True}
    expected = train(script, **options)
    monkeypatch.setattr(CommandScript, "waiting", lambda script: next(often))
    often = cycle([*[False] * (rhythm - 1), True])
    ran = train(script, **options)
    for kind in (Spiked, Paused):
        assert [vars(event) for event in ran.all(kind)] == [
            vars(event) for event in expected.all(kind)
        ]
    assert len(ran.all(Spiked)) == 1


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_a_rate_of_1000_is_taken_back(optimizer: str, train: Any) -> None:
    rate = 0.2 if optimizer == "sgd" else 0.02
    options = {"optimizer": optimizer, "epochs": 12, "learning_rate": rate, "interactive": True}
    ran = train([(50, SetLearningRate(1000)), (NEVER, Undo()), STOP], **options)
    troubles = [event for event in ran.events if isinstance(event, Spiked | Diverged)]
    assert len(troubles) == 1
    assert f"learning rate {rate} → 1000" in troubles[0].message
    first, last = ran.all(Paused)
    assert first.reason in ("spike", "diverged")
    assert 50 < first.step < 80
    assert last.reason == "finished"  # it learned on by itself
    (back,) = ran.all(WentBack)
    assert (back.step, back.ahead, back.lineage) == (50, 0, ())
    assert end_of(ran) == end_of(train([STOP], **options))
    assert ran.ended.test_accuracy > 0.9


@pytest.mark.usefixtures("every_half_epoch")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_rate_of_1000_is_taken_back_wherever_it_was_set(optimizer: str, train: Any) -> None:
    """Also where a moment was kept after it, before the loss showed what had happened."""
    options = {"optimizer": optimizer, "epochs": 12, "learning_rate": 0.02, "interactive": True}
    expected = end_of(train([STOP], **options))
    went = {}
    for step in range(48, 57):
        script = [(step, SetLearningRate(1000)), (NEVER, Undo()), STOP]
        ran = train(script, **options)
        went[step] = [back.step for back in ran.all(WentBack)]
        if went[step] == [step]:
            assert end_of(ran) == expected
    assert went == {step: [step] for step in range(48, 57)}


def test_each_trouble_has_a_way_back_of_its_own(train: Any) -> None:
    """What was learned since an earlier trouble is not lost with the next one."""
    bad = SetLearningRate(1000)
    script = [(40, bad), (NEVER, Undo()), (70, bad), (NEVER, Undo()), STOP]
    ran = train(script, epochs=12, interactive=True)
    assert [back.step for back in ran.all(WentBack)] == [40, 70]
    assert end_of(ran) == end_of(train(epochs=12))


@pytest.mark.parametrize("most", [1, 32])
def test_several_commands_at_one_step_are_taken_back_together(
    most: int, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a key that was pressed quickly: with the first of them no step was made."""
    monkeypatch.setattr(step_module, "MAX_STEPS", most)
    before = (30, ScaleLearningRate(0.9))
    presses = [(50, ScaleLearningRate(10))] * 6
    ran = train([before, *presses, (NEVER, Undo()), STOP], epochs=12, interactive=True)
    (back,) = ran.all(WentBack)
    assert (back.step, len(back.lineage)) == (50, 1)
    assert len(ran.all(Spiked) + ran.all(Diverged)) == 1
    assert end_of(ran) == end_of(train([before], epochs=12))


def test_a_remedy_in_place_of_the_way_back(train: Any) -> None:
    """Somebody changes a setting instead, and trains on with what is left."""
    script = [(50, SetLearningRate(1000)), (NEVER, SetLearningRate(0.01)), (NEVER, Resume())]
    ran = train([*script, STOP], epochs=12, interactive=True)
    assert len(ran.all(Spiked)) == 1  # known by now
    assert [event.reason for event in ran.all(Paused)] == ["spike", "finished"]
    step = ran.all(Spiked)[0].step
    assert end_of(ran) == end_of(train([script[0], (step, script[1][1])], epochs=12))


class Trap(Stepper):
    """Fails at step 20, as long as nothing was changed."""

    def steps(self, state: RunState, most: int) -> Any:
        if state.step == 20 and not state.lineage:
            raise NotFinite("loss", nan)
        return super().steps(state, min(most, 20 - state.step) if state.step < 20 else most)


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "Stepper", Trap)


@pytest.mark.usefixtures("trap", "every_half_epoch")
def test_trouble_without_a_command_goes_back_and_stays_paused(train: Any) -> None:
    ran = train([(NEVER, Undo()), STOP], epochs=4, interactive=True)
    (diverged,) = ran.all(Diverged)
    assert diverged.step == 20
    (back,) = ran.all(WentBack)
    assert 0 < back.step < 20  # where it stood the trouble is next
    assert [event.reason for event in ran.all(Paused)] == ["diverged", "asked"]
    assert not ran.all(Resumed)
    assert ran.ended.steps == back.step
    assert ran.sha256 == train([(back.step, Stop())], epochs=4).sha256


@pytest.mark.usefixtures("trap", "every_half_epoch")
def test_trouble_again_goes_back_further_each_time(train: Any) -> None:
    again = [(NEVER, Undo()), (NEVER, Resume())]
    remedy = SetLearningRate(0.02)
    script = [*again * 4, (NEVER, Undo()), (NEVER, remedy), (NEVER, Resume()), STOP]
    ran = train(script, epochs=4, interactive=True)
    assert [back.step for back in ran.all(WentBack)] == [16, 12, 8, 4, 0]
    assert ran.ended.reason == "finished"
    assert end_of(ran) == end_of(train([(0, remedy)], epochs=4))


def test_without_moments_in_memory_trouble_goes_back_to_the_beginning(train: Any) -> None:
    ran = train([(5, SetLearningRate(1e30)), (NEVER, Undo())], optimizer="sgd")
    assert len(ran.all(Diverged)) == 1
    assert end_of(ran) == end_of(train(optimizer="sgd"))


def test_nobody_who_is_not_there_is_told_of_a_spike(train: Any) -> None:
    ran = train([(50, SetLearningRate(1000))], epochs=12)
    assert not ran.all(Spiked)
    assert not ran.all(TimelineChanged)


def test_a_trouble_before_its_remedy_comes_again_in_a_resume(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(50, SetLearningRate(1000)), (NEVER, SetLearningRate(0.01)), (NEVER, Resume())]
    whole = train([*script, STOP], epochs=12, interactive=True)
    folder = tmp_path / "run"
    script = [(45, Save()), *script]
    kill(
        lambda event: isinstance(event, Resumed), script, folder=folder, interactive=True, epochs=12
    )
    ran = go_on(folder, [(NEVER, Resume()), STOP], interactive=True)
    assert [event.reason for event in ran.all(Paused)] == ["spike", "finished"]
    assert ran.trainer.state.lineage == whole.trainer.state.lineage
    assert ran.sha256 == whole.sha256


# The alarm


def learning(steps: int, seed: int, start: float = log(10), end: float = 0.05) -> np.ndarray:
    """Losses of batches: a curve that falls, with noise that falls with it."""
    noise = np.random.default_rng(seed)
    curve = end + (start - end) * np.exp(-np.arange(steps) / 150)
    losses: np.ndarray = curve * noise.lognormal(0, 0.4, steps)
    return losses


def first_ring(alarm: SpikeAlarm, losses: np.ndarray) -> int | None:
    return next((step for step, loss in enumerate(losses) if alarm.rings(float(loss))), None)


@pytest.mark.parametrize("seed", range(20))
def test_no_alarm_while_a_network_learns(seed: int) -> None:
    alarm = SpikeAlarm(10)
    assert first_ring(alarm, learning(3_000, seed)) is None
    # Another deformation of the images, once it has learned: much harder, for a while.
    assert first_ring(alarm, learning(1_000, seed + 100, start=1.5, end=0.3)) is None
    single = learning(1_000, seed, start=0.3)
    single[::100] = 8.0  # single batches that are all wrong
    assert first_ring(alarm, single) is None


@pytest.mark.parametrize("seed", range(5))
def test_no_alarm_for_a_network_that_has_not_learned_yet(seed: int) -> None:
    noise = np.random.default_rng(seed)
    assert first_ring(SpikeAlarm(10), noise.normal(log(10), 0.3, 5_000)) is None
    start = 10 * np.exp(-np.arange(300) / 30) + log(10)  # large weights at first
    assert first_ring(SpikeAlarm(10), start) is None


@pytest.mark.parametrize("classes", [2, 4, 10, 47])
@pytest.mark.parametrize("seed", range(5))
def test_alarm_when_a_network_collapses_to_guessing(seed: int, classes: int) -> None:
    alarm = SpikeAlarm(classes)
    assert first_ring(alarm, learning(1_000, seed, start=log(classes))) is None
    guesses = np.random.default_rng(seed).normal(log(classes), 0.01, 300)
    ring = first_ring(alarm, guesses)
    assert ring is not None
    assert ring < 100


@pytest.mark.parametrize("value", [30.0, 1e3, 1e30])
@pytest.mark.parametrize("learned", [0, 5, 1_000])
def test_alarm_when_the_loss_explodes(learned: int, value: float) -> None:
    alarm = SpikeAlarm(10)
    assert first_ring(alarm, learning(learned, 1)) is None
    ring = first_ring(alarm, np.full(100, value))
    assert ring is not None
    assert ring < 40


def test_what_is_known_rings_no_more_until_something_is_learned_again() -> None:
    alarm = SpikeAlarm(10)
    guesses = np.full(500, log(10))
    first_ring(alarm, learning(1_000, 1))
    assert first_ring(alarm, guesses) is not None
    alarm.disarm()
    assert first_ring(alarm, guesses) is None
    assert first_ring(alarm, np.full(100, 1e4)) is None
    assert first_ring(alarm, learning(1_500, 2)) is None
    assert first_ring(alarm, guesses) is not None


@pytest.mark.parametrize("loss", [0.1, 2.0, 50.0])
def test_after_going_back_the_alarm_knows_the_loss_of_then(loss: float) -> None:
    alarm = SpikeAlarm(10)
    first_ring(alarm, learning(1_000, 1))
    first_ring(alarm, np.full(100, 1e4))
    alarm.restart(loss)
    assert first_ring(alarm, np.full(500, min(loss, 2.0))) is None


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_no_alarm_in_a_normal_run(name: str, train: Any, make_digits: Any) -> None:
    options = {"optimizer": name, "learning_rate": None, "epochs": 20, "interactive": True}
    switch = [(60, SetAugmentation("elastic")), (90, SetAugmentation("affine")), STOP]
    ran = train(switch, dataset=make_digits(classes=10, side=8), **options)
    assert not ran.all(Spiked)
    assert [event.reason for event in ran.all(Paused)] == ["finished"]


def test_a_good_command_long_before_a_trouble_stays(
    digits: Dataset, config: RunConfig, train: Any
) -> None:
    """Undo twice: out of the trouble, then the command before it."""
    good = (30, SetOptimizer("adamw"))
    script = [good, (100, SetLearningRate(1000)), (NEVER, Undo()), (104, Undo()), STOP]
    trainer = Trainer(config.with_(epochs=20), digits, CommandScript(script), interactive=True)
    backs = [event for event in trainer.run() if isinstance(event, WentBack)]
    assert [(back.step, back.lineage) for back in backs] == [
        (100, (AppliedCommand(*good),)),
        (30, ()),
    ]
    assert trainer.state.weights_sha256 == train(epochs=20).sha256


def test_a_trouble_after_many_commands_does_not_cost_the_run(train: Any) -> None:
    """Somebody who has steered often, and well, does not begin anew for one wrong turn."""
    often = [(step, ScaleLearningRate(1.01)) for step in range(10, 420, 40)]
    script = [*often, (430, SetLearningRate(1000)), (NEVER, Undo()), STOP]
    (back,) = train(script, epochs=60, interactive=True).all(WentBack)
    assert 300 < back.step <= 430
