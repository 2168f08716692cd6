"""Replays: the same commands on the same batches give the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.forks import NEVER, STOP, fork_sha

from digit_tui.data import Dataset
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    Fork,
    Keep,
    Pause,
    Resume,
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
    Event,
    Forked,
    Refused,
    RunEnded,
    WentBack,
)
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import replay_request

SESSION: list[tuple[int, Command]] = [
    (2, SetOptimizer("sgd")),
    (5, ScaleLearningRate(2)),
    (9, SetLearningRate(0.3)),
    (11, Undo()),
    (10, Pause()),
    (10, SetAugmentation("none")),
    (10, Resume()),
    (13, Fork((SetOptimizer("momentum"), SetClipping(norm=0.5)))),
    (16, AddEpochs(1)),
    (24, Keep(fork=False)),
    (25, SetOptimizer("adam", 0.004)),
    (28, SetBatchSize(50)),
]
LEFT = [SESSION[place] for place in (0, 1, 5, 8, 10, 11)]
"""What of it steers the run in the end."""


def replayed(folder: Path, dataset: Dataset, into: Path | None = None) -> list[Event]:
    trainer = replay_request(folder, into).trainer(dataset, CommandScript([]), interactive=False)
    return list(trainer.run())


@pytest.mark.parametrize("interactive", [False, True])
def test_a_session_is_replayed_headless(
    interactive: bool, train: Any, digits: Dataset, tmp_path: Path
) -> None:
    first = train([*SESSION, STOP], folder=tmp_path / "run", interactive=interactive, epochs=3)
    assert not first.all(Refused)
    assert first.sha256 == train(LEFT, epochs=3).sha256
    events = replayed(tmp_path / "run", digits, tmp_path / "again")
    *_, ended = events
    assert isinstance(ended, RunEnded)
    assert ended.weights_sha256 == first.sha256
    assert (ended.steps, ended.epochs, ended.reason) == (first.ended.steps, 4, "finished")
    assert not [event for event in events if isinstance(event, WentBack | Forked | Refused)]
    # The repetition is a run of its own: with a journal to repeat it from.
    lineage = SavedRun.read(tmp_path / "run").history().lineage
    assert SavedRun.read(tmp_path / "again").history().lineage == lineage
    once_more = replayed(tmp_path / "again", digits, tmp_path / "third")[-1]
    assert once_more.weights_sha256 == first.sha256  # type: ignore[union-attr]


def test_the_fork_of_a_session_is_replayed(train: Any, digits: Dataset, tmp_path: Path) -> None:
    first = train(SESSION, folder=tmp_path / "run", epochs=3)
    (forked,) = first.all(Forked)
    *_, ended = replayed(Path(forked.run), digits, tmp_path / "again")
    assert isinstance(ended, RunEnded)
    assert ended.weights_sha256 == fork_sha(first)
    assert (ended.steps, ended.reason) == (24, "stopped")


def test_a_session_that_went_on_as_the_fork_is_replayed(
    train: Any, digits: Dataset, tmp_path: Path
) -> None:
    session = [*SESSION[:9], (24, Keep(fork=True)), *SESSION[10:]]
    first = train(session, folder=tmp_path / "run", epochs=3)
    (forked,) = first.all(Forked)
    assert first.ended.run == forked.run
    ended = replayed(Path(forked.run), digits, tmp_path / "again")[-1]
    assert ended.weights_sha256 == first.sha256  # type: ignore[union-attr]
    left = replayed(tmp_path / "run", digits, tmp_path / "left")[-1]
    assert (left.steps, left.reason) == (24, "stopped")  # type: ignore[union-attr]


@pytest.mark.parametrize("step", [1, 7, 8, 13])
def test_a_stopped_run_is_replayed_as_far_as_it_went(
    step: int, train: Any, digits: Dataset, tmp_path: Path
) -> None:
    script = [(6, SetOptimizer("sgd")), (step, Stop())]
    first = train(sorted(script, key=lambda each: each[0]), folder=tmp_path / "run")
    ended = replayed(tmp_path / "run", digits, tmp_path / "again")[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.steps, ended.weights_sha256) == (step, first.sha256)


def test_a_diverged_run_is_replayed(train: Any, digits: Dataset, tmp_path: Path) -> None:
    script = [(6, SetLearningRate(1e30)), (NEVER, Stop(reason="diverged"))]
    first = train(script, optimizer="sgd", folder=tmp_path / "run")
    ended = replayed(tmp_path / "run", digits, tmp_path / "again")[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.steps, ended.weights_sha256) == (first.ended.steps, first.sha256)


def test_a_resumed_run_is_replayed(train: Any, go_on: Any, digits: Dataset, tmp_path: Path) -> None:
    train([(3, SetOptimizer("sgd")), (6, Stop())], folder=tmp_path / "run")
    first = go_on(tmp_path / "run", [(9, SetLearningRate(0.2)), (12, Undo())])
    ended = replayed(tmp_path / "run", digits, tmp_path / "again")[-1]
    assert ended.weights_sha256 == first.sha256  # type: ignore[union-attr]


def test_a_replay_changes_nothing_in_the_run(train: Any, digits: Dataset, tmp_path: Path) -> None:
    train(SESSION, folder=tmp_path / "run", epochs=3)
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    replayed(tmp_path / "run", digits, tmp_path / "again")
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
