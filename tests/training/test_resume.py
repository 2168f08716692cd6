"""Going on with a run: bit for bit as if it had not stopped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.killed import NEVER

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.nn import PredictionHistory
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
    Paused,
    Restored,
    RunEnded,
    SettingChanged,
    StepsDone,
)
from digit_tui.storage.run_files import BEST, CHECKPOINT, CHECKPOINTS, METRICS, PREVIOUS
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest


def test_what_was_saved_says_where_the_run_goes_on(train: Any, go_on: Any, tmp_path: Path) -> None:
    change = SetLearningRate(0.02)
    train([(4, change), (11, Stop())], folder=tmp_path / "run")
    ran = go_on(tmp_path / "run")
    (restored,) = ran.all(Restored)
    assert ran.events.index(restored) == 1
    assert (restored.step, restored.epoch) == (11, 1 + 96 / 230)
    assert restored.lineage == (AppliedCommand(4, change),)
    assert restored.settings.learning_rate == 0.02
    assert [epoch["epoch"] for epoch in restored.epochs] == [1]
    assert restored.complaints == []
    assert not ran.all(SettingChanged)  # it was told in the first life
    rows = (tmp_path / "run" / METRICS).read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["1", "8"], ["2", "16"]]


@pytest.mark.parametrize(
    "command",
    [
        SetOptimizer("momentum"),
        SetLearningRate(0.05),
        ScaleLearningRate(2),
        SetClipping(value=0.01),
        SetAugmentation("elastic"),
        SetBatchSize(20),
        AddEpochs(1),
    ],
    ids=lambda command: type(command).__name__,
)
@pytest.mark.usefixtures("saved_when_asked")
def test_a_command_after_the_last_save_is_repeated(
    command: Command, train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = [(5, Save()), (7, command), (7, ScaleLearningRate(0.7)), (9, Pause())]
    kill(lambda event: isinstance(event, Paused), script, folder=folder)
    ran = go_on(folder)
    assert [event.step for event in ran.all(Restored)] == [5]
    assert [event.step for event in ran.all(SettingChanged)][-1:] == [7]
    assert ran.sha256 == train(script[1:3]).sha256
    told = [line["step"] for line in SavedRun.read(folder).lines() if "command" in line]
    assert told == [7, 7]  # not once more


@pytest.mark.usefixtures("saved_when_asked")
def test_a_run_without_any_save_is_learned_again(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = [(2, SetOptimizer("sgd")), (9, SetLearningRate(0.3)), (12, Pause())]
    kill(lambda event: isinstance(event, Paused), script, folder=folder)
    ran = go_on(folder)
    assert [event.step for event in ran.all(Restored)] == [0]
    assert ran.sha256 == train(script[:2]).sha256


@pytest.mark.usefixtures("saved_when_asked")
def test_new_commands_wait_until_the_old_ones_are_repeated(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    before = [(2, SetOptimizer("sgd")), (9, SetLearningRate(0.3))]
    kill(lambda event: isinstance(event, Paused), [*before, (12, Pause())], folder=folder)
    ran = go_on(folder, [(4, ScaleLearningRate(0.5)), (5, Save())])
    assert ran.sha256 == train([*before, (9, ScaleLearningRate(0.5))]).sha256
    assert 5 in [event.step for event in ran.all(CheckpointSaved)]  # what steers nothing does not
    assert go_on(folder).sha256 == ran.sha256


def test_a_copy_of_a_running_run_goes_on_by_itself(
    digits: Dataset, config: RunConfig, train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(6, Save()), (7, SetOptimizer("rmsprop"))]
    trainer = RunRequest(config, tmp_path / "run").trainer(
        digits, CommandScript(script), interactive=False
    )
    copied = 0
    for event in trainer.run():
        if isinstance(event, CheckpointSaved | SettingChanged | EpochEnded):
            shutil.copytree(tmp_path / "run", tmp_path / str(copied))
            copied += 1
        ended = event
    expected = train(script[1:]).sha256
    assert isinstance(ended, RunEnded)
    assert ended.weights_sha256 == expected
    assert copied >= 6
    for number in range(copied):
        rest = [] if SavedRun.read(tmp_path / str(number)).history().lineage else script[1:]
        assert go_on(tmp_path / str(number), rest).sha256 == expected


@pytest.mark.usefixtures("saved_when_asked")
def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(4, Save()), (6, SetLearningRate(0.05)), (9, Stop())]
    whole = train(script[1:2])
    for damaged, step in {CHECKPOINT: 4, PREVIOUS: 9, BEST: 9}.items():
        folder = tmp_path / damaged
        train(script, folder=folder)
        content = bytearray((folder / damaged).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / damaged).unlink()  # the best is the last under a second name
        (folder / damaged).write_bytes(content)
        ran = go_on(folder)
        (restored,) = ran.all(Restored)
        assert restored.step == step
        assert len(restored.complaints) == 1
        assert "damaged" in restored.complaints[0]
        assert damaged in restored.complaints[0]
        assert ran.sha256 == whole.sha256


def test_without_a_checkpoint_that_is_whole_all_is_learned_again(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(4, Save()), (6, SetLearningRate(0.05)), (9, Stop())]
    train(script, folder=tmp_path / "run")
    for name in CHECKPOINTS:
        (tmp_path / "run" / name).write_bytes(b"nothing")
    ran = go_on(tmp_path / "run")
    (restored,) = ran.all(Restored)
    assert restored.step == 0
    assert "repeated from its beginning" in restored.complaints[-1]
    assert ran.sha256 == train(script[1:2]).sha256


def test_a_finished_run_ends_again(train: Any, go_on: Any, tmp_path: Path) -> None:
    first = train(folder=tmp_path / "run")
    again = go_on(tmp_path / "run")
    assert again.sha256 == first.sha256
    assert again.ended.reason == "finished"
    assert not again.all(StepsDone)
    assert SavedRun.read(tmp_path / "run").state() == "finished"


def test_a_finished_run_learns_on_with_more_epochs(train: Any, go_on: Any, tmp_path: Path) -> None:
    train(folder=tmp_path / "run")
    longer = go_on(tmp_path / "run", [(16, AddEpochs(2))])
    assert longer.sha256 == train([(16, AddEpochs(2))]).sha256
    assert longer.ended.epochs == 4
    watched = tmp_path / "monitored"
    train(folder=watched)
    script = [(NEVER, AddEpochs(2)), (NEVER, Stop())]
    ran = go_on(watched, script, interactive=True)
    assert [event.reason for event in ran.all(Paused)] == ["finished", "finished"]
    assert ran.sha256 == longer.sha256


def test_a_diverged_run_diverges_again(train: Any, go_on: Any, tmp_path: Path) -> None:
    options = {"optimizer": "sgd", "learning_rate": 1e30, "folder": tmp_path / "run"}
    first = train([(NEVER, Stop(reason="diverged"))], **options)
    assert SavedRun.read(tmp_path / "run").state() == "diverged"
    again = go_on(tmp_path / "run", [(NEVER, Stop(reason="diverged"))])
    (one,), (other,) = first.all(Diverged), again.all(Diverged)
    assert (one.step, one.what) == (other.step, other.what)
    assert (again.sha256, again.ended.reason) == (first.sha256, "diverged")


def test_a_diverged_run_can_be_brought_back_later(train: Any, go_on: Any, tmp_path: Path) -> None:
    bad = (5, SetLearningRate(1e30))
    script = [bad, (NEVER, Stop(reason="diverged"))]
    train(script, folder=tmp_path / "run", optimizer="sgd")
    ran = go_on(tmp_path / "run", [(NEVER, Undo()), (NEVER, Stop())], interactive=True)
    assert [event.reason for event in ran.all(Paused)] == ["diverged", "finished"]
    assert ran.sha256 == train(optimizer="sgd").sha256


def test_a_run_that_was_paused_goes_on(train: Any, kill: Any, go_on: Any, tmp_path: Path) -> None:
    change = (6, SetLearningRate(0.05))
    script = [(6, Pause()), (6, Save()), change, (6, Resume()), (10, Pause())]
    pauses = iter([False, True])
    kill(lambda event: isinstance(event, Paused) and next(pauses), script, folder=tmp_path / "run")
    assert go_on(tmp_path / "run").sha256 == train([change]).sha256


@pytest.mark.usefixtures("saved_when_asked")
def test_a_change_that_was_told_is_in_the_journal(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(6, SetLearningRate(0.05))]
    kill(lambda event: isinstance(event, SettingChanged), script, folder=tmp_path / "run")
    assert go_on(tmp_path / "run").sha256 == train(script).sha256


def test_pauses_and_evaluations_are_nothing_to_repeat(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(3, Pause()), (3, Resume()), (5, Pause()), (5, Save()), (NEVER, Stop())]
    train(script, folder=tmp_path / "run")
    assert SavedRun.read(tmp_path / "run").history().lineage == ()
    assert go_on(tmp_path / "run").sha256 == train().sha256


def seen(history: PredictionHistory) -> list[tuple[int, bytes]]:
    """A history's evaluations, in plain values."""
    return [(epoch, predictions.tobytes()) for epoch, predictions in history.walk()]


@pytest.mark.parametrize("step", [3, 8, 13])
def test_what_was_predicted_at_each_epoch_is_remembered(
    train: Any, go_on: Any, tmp_path: Path, step: int
) -> None:
    whole = seen(train(epochs=3).trainer.state.history)
    assert [epoch for epoch, _ in whole] == [1, 2, 3]
    train([(step, Stop())], folder=tmp_path, epochs=3)
    assert seen(go_on(tmp_path).trainer.state.history) == whole


def test_it_is_remembered_without_a_checkpoint_too(train: Any, go_on: Any, tmp_path: Path) -> None:
    whole = seen(train(epochs=3).trainer.state.history)
    train([(13, Stop())], folder=tmp_path, epochs=3)
    for name in CHECKPOINTS:
        (tmp_path / name).unlink(missing_ok=True)
    assert seen(go_on(tmp_path).trainer.state.history) == whole


def test_going_back_takes_back_what_was_seen_since(train: Any) -> None:
    ran = train([(20, GoBack(4, ())), (9, Stop())], epochs=3, interactive=True)
    once = train([(9, Stop())], epochs=3)
    assert seen(ran.trainer.state.history) == seen(once.trainer.state.history)
