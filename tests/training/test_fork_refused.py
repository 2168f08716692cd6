"""Branches that diverge, and what is refused while there are two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.forks import STOP, fork_sha, given, of_fork

from digit_tui.data import Dataset
from digit_tui.run.commands import (
    Command,
    Fork,
    GoBack,
    Keep,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Setting,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    Diverged,
    Forked,
    ForkEnded,
    Refused,
    RunEnded,
)
from digit_tui.storage.saved_run import SavedRun


@pytest.mark.parametrize("interactive", [False, True])
def test_a_fork_that_diverges_is_left(
    interactive: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    changes = (SetLearningRate(1e30),)
    script = [(5, Fork(changes)), *([STOP] if interactive else [])]
    ran = train(script, folder=tmp_path / "run", interactive=interactive, optimizer="sgd")
    (diverged,) = [event for event in of_fork(ran) if isinstance(event, Diverged)]
    assert not ran.all(Diverged)
    (ended,) = ran.all(ForkEnded)
    assert (ended.kept, ended.reason) == ("run", "diverged")
    assert ran.sha256 == train(optimizer="sgd").sha256
    assert ran.ended.reason == "finished"
    fork = SavedRun.read(Path(ended.left))
    assert fork.state() == "diverged"
    alone = train([*given(5, changes), STOP], optimizer="sgd")
    assert [event.step for event in alone.all(Diverged)] == [diverged.step]
    assert fork_sha(ran) == alone.sha256
    assert fork.record["results"]["weights_sha256"] == alone.sha256


@pytest.mark.parametrize("interactive", [False, True])
def test_a_run_that_diverges_is_left_to_its_fork(
    interactive: bool, train: Any, tmp_path: Path
) -> None:
    bad = (5, SetLearningRate(1e30))
    changes = (SetLearningRate(0.01),)
    script = [bad, (5, Fork(changes)), *([STOP] if interactive else [])]
    ran = train(script, folder=tmp_path / "run", interactive=interactive, optimizer="sgd")
    assert len(ran.all(Diverged)) == 1
    (ended,) = ran.all(ForkEnded)
    assert (ended.kept, ended.reason, ended.left) == ("fork", "diverged", str(tmp_path / "run"))
    assert ran.sha256 == train([bad, *given(5, changes)], optimizer="sgd").sha256
    assert ran.ended.run == ran.all(Forked)[0].run
    assert SavedRun.read(tmp_path / "run").state() == "diverged"
    assert [event for event in ran.events if isinstance(event, RunEnded)] == [ran.ended]


def test_a_branch_that_diverges_within_a_block(many: Dataset, train: Any) -> None:
    options = {"dataset": many, "batch_size": 100, "optimizer": "sgd"}
    for step in (3, 39, 40, 88):
        ran = train([(step, Fork((SetLearningRate(1e30),)))], **options)
        assert len(ran.all(ForkEnded)) == 1
        assert ran.sha256 == train(**options).sha256
        bad = (step, SetLearningRate(1e30))
        saved = train([bad, (step, Fork((SetLearningRate(0.01),)))], **options)
        assert saved.sha256 == train([bad, (step, SetLearningRate(0.01))], **options).sha256


@pytest.mark.parametrize(
    "command",
    [
        SetOptimizer("sgd"),
        SetLearningRate(0.3),
        ScaleLearningRate(2),
        SetClipping(norm=1),
        SetAugmentation("none"),
        SetBatchSize(50),
        Undo(),
        GoBack(4, ()),
        Fork((SetLearningRate(0.3),)),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_steers_is_refused_while_two_branches_are_compared(
    command: Command, train: Any
) -> None:
    changes = (SetOptimizer("momentum"),)
    ran = train([(5, Fork(changes)), (8, command)], interactive=False)
    (refused,) = ran.all(Refused)
    assert refused.step == 8
    assert ran.sha256 == train().sha256
    assert fork_sha(ran) == train(given(5, changes)).sha256


def test_without_a_fork_there_is_nothing_to_keep(train: Any) -> None:
    script = [(3, Keep(True)), (4, Keep(False)), (5, Fork((SetLearningRate(0.3),)))]
    ran = train([*script, (8, Keep(False)), (9, Keep(True))])
    assert [event.step for event in ran.all(Refused)] == [3, 4, 9]
    assert ran.sha256 == train().sha256


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (SetLearningRate(0.01),),
        (SetOptimizer("adam"), SetAugmentation("shift")),
        (SetLearningRate(-1.0),),
        (SetLearningRate(0.3), SetOptimizer("adamm")),
    ],
    ids=str,
)
def test_a_fork_that_is_none_is_refused_and_leaves_nothing(
    changes: tuple[Setting, ...], train: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    elsewhere = tmp_path / "forks" / "one"
    script = [(5, Fork(changes)), (9, Fork(changes, str(elsewhere)))]
    ran = train(script, folder=folder)
    assert [event.step for event in ran.all(Refused)] == [5, 9]
    assert not ran.all(Forked)
    assert not of_fork(ran)
    assert list(tmp_path.iterdir()) == [folder]
    assert ran.sha256 == train().sha256


def test_a_fork_into_a_folder_that_is_taken_is_refused(train: Any, tmp_path: Path) -> None:
    train([(3, Stop())], folder=tmp_path / "other")
    before = {path: path.read_bytes() for path in (tmp_path / "other").iterdir()}
    (tmp_path / "file").touch()
    places = [tmp_path / "other", tmp_path / "run", tmp_path / "file", tmp_path / "file" / "run"]
    script = [(5, Fork((SetLearningRate(0.3),), str(place))) for place in places]
    ran = train(script, folder=tmp_path / "run")
    assert len(ran.all(Refused)) == len(places)
    assert not ran.all(Forked)
    assert {path: path.read_bytes() for path in (tmp_path / "other").iterdir()} == before
    assert ran.sha256 == train().sha256
    assert SavedRun.read(tmp_path / "run").state() == "finished"


def test_a_fork_into_a_folder_of_ones_own(train: Any, go_on: Any, tmp_path: Path) -> None:
    place = tmp_path / "deep" / "fork"
    changes = (SetLearningRate(0.03),)
    ran = train([(5, Fork(changes, str(place))), (9, Stop())], folder=tmp_path / "run")
    assert ran.all(Forked)[0].run == str(place)
    assert go_on(place).sha256 == train(given(5, changes)).sha256
