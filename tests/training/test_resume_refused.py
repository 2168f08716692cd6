"""Runs that are not resumed, and why."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import (
    Pause,
    Save,
    SetLearningRate,
    SetOptimizer,
    Stop,
)
from digit_tui.run.events import (
    CheckpointSaved,
    Paused,
    RunEnded,
)
from digit_tui.storage import run_files
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.run_files import BEST, CHECKPOINT, PREVIOUS
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest, resume_request


def assert_free(folder: Path) -> None:
    assert SavedRun.read(folder).state() != "running"


def test_a_run_that_somebody_trains_is_refused(
    digits: Dataset, config: RunConfig, train: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = CommandScript([(3, Save())])
    events = RunRequest(config, folder).trainer(digits, script, interactive=False).run()
    while not isinstance(next(events), CheckpointSaved):
        pass
    before = (folder / run_files.JOURNAL).read_bytes()
    with pytest.raises(RunTaken, match="in use by another process"):
        resume_request(folder).trainer(digits, CommandScript([]), interactive=False)
    with pytest.raises(RunTaken):
        next(RunRequest(config, folder).trainer(digits, CommandScript([]), interactive=False).run())
    assert SavedRun.read(folder).state() == "running"
    assert (folder / run_files.JOURNAL).read_bytes() == before
    *_, ended = events
    assert isinstance(ended, RunEnded)
    assert ended.weights_sha256 == train().sha256
    assert go_on(folder).sha256 == train().sha256


def test_a_run_that_was_just_resumed_is_refused_too(
    digits: Dataset, train: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    train([(3, Stop())], folder=folder)
    events = resume_request(folder).trainer(digits, CommandScript([]), interactive=False).run()
    next(events)
    with pytest.raises(RunTaken):
        resume_request(folder).trainer(digits, CommandScript([]), interactive=False)
    events.close()
    assert_free(folder)


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"train": 231}, {"test": 61}, {"classes": 5}], ids=str
)
def test_other_digits_are_refused(
    other: dict[str, int], train: Any, make_digits: Callable[..., Dataset], tmp_path: Path
) -> None:
    train([(3, Stop())], folder=tmp_path / "run")
    saved = SavedRun.read(tmp_path / "run")
    saved.check_dataset(make_digits())
    with pytest.raises(RunError, match="is not the dataset that"):
        saved.check_dataset(make_digits(**other))


def test_digits_of_another_name_are_the_same_digits(
    train: Any, make_digits: Callable[..., Dataset], tmp_path: Path
) -> None:
    train([(3, Stop())], folder=tmp_path / "run")
    moved = make_digits()
    object.__setattr__(moved, "name", "elsewhere")
    SavedRun.read(tmp_path / "run").check_dataset(moved)


@pytest.mark.parametrize("name", [CHECKPOINT, PREVIOUS, BEST])
def test_a_checkpoint_of_another_run_is_refused(
    name: str, digits: Dataset, train: Any, tmp_path: Path
) -> None:
    script = [(3, Save()), (8, Save()), (9, Stop())]
    train(script, folder=tmp_path / "run")
    train(script, folder=tmp_path / "other", seed=1)
    (tmp_path / "run" / name).unlink()  # the best may be the last under a second name
    shutil.copy(tmp_path / "other" / name, tmp_path / "run" / name)
    with pytest.raises(RunError, match=f"{name} does not belong .* seed 0, not 1"):
        resume_request(tmp_path / "run").trainer(digits, CommandScript([]), interactive=False)
    assert_free(tmp_path / "run")


def test_a_damaged_journal_is_refused(digits: Dataset, train: Any, tmp_path: Path) -> None:
    train([(3, SetLearningRate(0.05)), (9, Stop())], folder=tmp_path / "run")
    journal = tmp_path / "run" / run_files.JOURNAL
    whole = journal.read_bytes()
    for wrong in (b"x" + whole, whole.replace(b"set_learning_rate", b"set_learning_rat")):
        journal.write_bytes(wrong)
        with pytest.raises(RunError, match="damaged"):
            resume_request(tmp_path / "run").trainer(digits, CommandScript([]), interactive=False)
        assert journal.read_bytes() == wrong
        assert_free(tmp_path / "run")


def test_a_torn_last_line_of_the_journal_is_forgotten(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = [(3, SetLearningRate(0.05)), (5, SetOptimizer("sgd")), (5, Pause())]
    kill(lambda event: isinstance(event, Paused), script, folder=folder)
    journal = folder / run_files.JOURNAL
    journal.write_bytes(journal.read_bytes()[:-4])
    ran = go_on(folder)
    assert ran.sha256 == train(script[:1]).sha256
    assert [line.get("command") for line in SavedRun.read(folder).lines()].count(None) >= 3
