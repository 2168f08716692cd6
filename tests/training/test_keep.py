"""Keeping one branch: the run goes on as it, and the other can be resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.forks import NEVER, STOP, given
from support.rarely import rarely

from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Command,
    Fork,
    GoBack,
    Keep,
    Pause,
    ScaleLearningRate,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    BranchEvent,
    Evaluated,
    Forked,
    ForkEnded,
    Paused,
    Refused,
    RunEnded,
    TimelineChanged,
    WentBack,
)
from digit_tui.storage.run_files import METRICS
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training import undo
from digit_tui.training.snapshots import SnapshotStore


@pytest.mark.parametrize("interactive", [False, True])
@pytest.mark.parametrize("keep_fork", [False, True])
@pytest.mark.parametrize("step", [8, *rarely(5, 16)])
def test_the_branch_that_is_kept_goes_on_and_the_other_can(
    step: int, keep_fork: bool, interactive: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    changes = (SetOptimizer("rmsprop", 0.002),)
    script = [(5, Fork(changes)), (step, Keep(fork=keep_fork)), STOP]
    ran = train(script, folder=folder, interactive=interactive)
    shas = {"run": train().sha256, "fork": train(given(5, changes)).sha256}
    kept, left = ("fork", "run") if keep_fork else ("run", "fork")
    (forked,), (ended,) = ran.all(Forked), ran.all(ForkEnded)
    folders = {"run": str(folder), "fork": forked.run}
    assert (ended.step, ended.kept, ended.reason) == (step, kept, "asked")
    assert ended.left == folders[left]
    assert ran.sha256 == shas[kept]
    assert ran.ended.run == folders[kept]
    assert len(ran.all(RunEnded)) == 1  # of what goes on
    for name, path in folders.items():
        saved = SavedRun.read(Path(path))
        assert saved.state() == ("finished" if name == kept or step == 16 else "stopped")
        again = go_on(Path(path))
        assert again.sha256 == shas[name]
        assert again.ended.reason == "finished"
        rows = (Path(path) / METRICS).read_text().splitlines()[1:]
        assert [row.split(",")[:2] for row in rows] == [["1", "8"], ["2", "16"]]


def test_keeping_both_branches_finished(train: Any, tmp_path: Path) -> None:
    """Somebody is there: the fork is finished and waits for a choice."""
    changes = (SetLearningRate(0.03),)
    for keep_fork in (False, True):
        script = [(5, Fork(changes)), (NEVER, Keep(keep_fork)), (NEVER, AddEpochs(1)), STOP]
        ran = train(script, interactive=True)
        before = given(5, changes) if keep_fork else []
        assert ran.sha256 == train([*before, (16, AddEpochs(1))]).sha256


def test_a_fork_that_was_kept_can_be_undone(train: Any, go_on: Any, tmp_path: Path) -> None:
    changes = (SetOptimizer("rmsprop", 0.002),)
    script = [(5, Fork(changes)), (8, Keep(fork=True)), (12, Undo()), STOP]
    for interactive in (False, True):
        folder = tmp_path / str(interactive)
        ran = train(script, folder=folder, interactive=interactive)
        assert ran.sha256 == train().sha256
        assert ran.trainer.state.lineage == ()
        fork = Path(ran.all(Forked)[0].run)
        assert [line["epoch"] for line in SavedRun.read(fork).history().epochs] == [1, 2]
        assert go_on(fork).sha256 == ran.sha256
        assert go_on(folder).sha256 == ran.sha256  # left at step 8, it ends the same


def test_a_run_whose_fork_was_left_has_nothing_to_undo(train: Any) -> None:
    script = [(5, Fork((SetLearningRate(0.3),))), (8, Keep(fork=False)), (12, Undo()), STOP]
    ran = train(script, interactive=True)
    assert [event.step for event in ran.all(Refused)] == [12]
    assert ran.sha256 == train().sha256


def test_undo_after_more_epochs_during_a_fork(train: Any) -> None:
    """The moment before them is one of the run, not of the fork."""
    script = [(5, Fork((SetLearningRate(0.3),))), (8, AddEpochs(1)), (16, Keep(fork=False))]
    for undone in (17, 20):
        ran = train([*script, (undone, Undo()), STOP], interactive=True)
        (back,) = ran.all(WentBack)
        assert back.step + back.ahead == 8
        assert ran.sha256 == train().sha256


def test_the_timeline_has_the_fork_that_was_kept_and_the_end_of_its_epochs(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", 0)  # as where they are dear
    script = [(5, Fork((SetLearningRate(1.0),))), (16, AddEpochs(1)), (24, Keep(fork=True))]
    ran = train([*script, (24, Undo()), STOP], interactive=True)
    inner = [each.event for each in ran.all(BranchEvent)]
    of_fork = {each.step: each.evaluation.accuracy for each in inner if isinstance(each, Evaluated)}
    assert ran.all(Evaluated)[-1].evaluation.accuracy == of_fork[16]
    rows = [
        (each.step, each.undone, each.accuracy)
        for each in ran.all(TimelineChanged)[-1].snapshots
        if any(isinstance(applied.command, SetLearningRate) for applied in each.lineage)
    ]
    assert sorted(rows) == [(16, False, of_fork[16]), (24, True, of_fork[24])]
    of_run = [each.evaluation.accuracy for each in ran.all(Evaluated) if each.step == 16]
    assert of_run[0] != of_fork[16]


def test_an_undone_moment_can_be_gone_to_after_a_fork(train: Any) -> None:
    bad = (10, SetLearningRate(0.3))
    there = GoBack(15, (AppliedCommand(*bad),))
    script = [bad, (15, Undo()), (11, Fork((SetLearningRate(0.02),)))]
    for keep_fork in (False, True):
        ran = train([*script, (11, Keep(keep_fork)), (11, there), STOP], interactive=True)
        assert not ran.all(Refused)
        assert ran.sha256 == train([bad]).sha256


def test_moments_after_a_fork_are_younger_than_those_before(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with little memory, when the age of moments decides which are dropped."""
    size = 4 * (36 * 8 + 8 + 8 * 4 + 4)
    monkeypatch.setattr(SnapshotStore.__init__, "__defaults__", (6 * 4 * size,))
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", 1e9)
    changes = (SetLearningRate(0.03),)
    later = [(step, ScaleLearningRate(0.9)) for step in range(49, 60)]
    for step in (26, 30, 34, 40):
        script = [(step, Fork(changes)), (48, Keep(fork=True)), *later]
        ran = train([*script, STOP], interactive=True, epochs=10)
        assert ran.sha256 == train([*given(step, changes), *later], epochs=10).sha256


def test_a_fork_of_a_fork(train: Any, go_on: Any, tmp_path: Path) -> None:
    first, second = (SetOptimizer("momentum"),), (SetLearningRate(0.02),)
    script = [(5, Fork(first)), (8, Keep(fork=True)), (9, Fork(second)), (16, Keep(fork=True))]
    ran = train(script, folder=tmp_path / "run", epochs=3)
    expected = train(given(5, first) + given(9, second), epochs=3)
    assert ran.sha256 == expected.sha256
    folders = [Path(event.run) for event in ran.all(Forked)]
    assert len({tmp_path / "run", *folders}) == 3
    assert go_on(folders[0]).sha256 == train(given(5, first), epochs=3).sha256
    assert go_on(tmp_path / "run").sha256 == train(epochs=3).sha256
    assert [line["epoch"] for line in SavedRun.read(folders[1]).history().epochs] == [1, 2, 3]


def test_a_second_fork_beside_the_first(train: Any, tmp_path: Path) -> None:
    script: list[tuple[int, Command]] = []
    for rate in (0.02, 0.03):
        script += [(5, Fork((SetLearningRate(rate),))), (5, Keep(fork=False))]
    ran = train(script, folder=tmp_path / "run")
    assert len({event.run for event in ran.all(Forked)}) == 2
    assert ran.sha256 == train().sha256


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_both_branches_can_be_gone_on_with(
    end: str, train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    changes = (SetOptimizer("rmsprop", 0.002),)
    script = [(3, SetClipping(norm=0.5)), (5, Fork(changes))]
    if end == "stop":
        ran = train([*script, (8, Stop())], folder=folder)
        assert (ran.ended.reason, ran.ended.steps) == ("stopped", 8)
    else:
        kill(lambda event: isinstance(event, Paused), [*script, (8, Pause())], folder=folder)
    (fork,) = set(tmp_path.iterdir()) - {folder}
    assert go_on(folder).sha256 == train(script[:1]).sha256
    assert go_on(fork).sha256 == train([script[0], *given(5, changes)]).sha256


def test_epochs_before_the_fork_are_on_its_way(train: Any, tmp_path: Path) -> None:
    """Also those at whose end a command was given, when that is undone."""
    script = [(8, SetLearningRate(0.02)), (10, Fork((SetOptimizer("sgd"),)))]
    script += [(16, Keep(fork=True)), (17, Undo()), (11, Undo())]
    ran = train(script, folder=tmp_path / "run", epochs=3)
    assert ran.sha256 == train(epochs=3).sha256
    fork = SavedRun.read(Path(ran.all(Forked)[0].run))
    assert [line["epoch"] for line in fork.history().epochs] == [1, 2, 3]
