"""Undo: the last command taken back, to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.rarely import rarely
from support.undo import NEVER, STOP, end_of, results_of

from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Command,
    GoBack,
    Pause,
    Prune,
    Resume,
    Save,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
    SwitchOff,
    Undo,
)
from digit_tui.run.events import (
    CheckpointSaved,
    Paused,
    Refused,
    Resumed,
    WentBack,
)
from digit_tui.storage.run_files import METRICS
from digit_tui.storage.saved_run import SavedRun

CHANGES: list[Command] = [
    SetOptimizer("nesterov"),
    SetOptimizer("adamw"),
    SetLearningRate(0.05),
    ScaleLearningRate(0.5),
    SetClipping(norm=0.1),
    SetAugmentation("elastic"),
    SetBatchSize(50),
    AddEpochs(1),
    SwitchOff(1, (2, 5)),
    Prune(0.4),
]


@pytest.mark.parametrize("interactive", [False, True])
def test_there_is_nothing_to_undo_before_the_first_command(interactive: bool, train: Any) -> None:
    ran = train([(0, Undo()), (5, Undo()), STOP], interactive=interactive)
    assert [event.step for event in ran.all(Refused)] == [0, 5]
    assert not ran.all(WentBack)
    assert end_of(ran) == end_of(train())


@pytest.mark.parametrize("interactive", [False, True])
@pytest.mark.parametrize("step", [5, *rarely(0, 8)])
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


def test_a_rate_that_is_set_key_by_key_is_taken_back_at_once(train: Any) -> None:
    up = ScaleLearningRate(2.0)
    script = [(3, up), (5, SetOptimizer("sgd")), (5, up), (5, up), (5, SetLearningRate(0.1))]
    ran = train([*script, (9, Undo()), (5, Undo()), (5, Undo()), STOP], interactive=True)
    lineages = [[each.step for each in event.aim_lineage] for event in ran.all(WentBack)]
    assert lineages == [[3, 5], [3], []]  # other steps, and other settings, stay
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
