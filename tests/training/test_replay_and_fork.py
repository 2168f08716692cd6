"""Replays and forks: the same commands on the same batches give the same weights."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from digit_tui.cli.main import cli
from digit_tui.data import Dataset
from digit_tui.engine.batches import BLOCK
from digit_tui.engine.step_group import StepGroup
from digit_tui.engine.worker import Worker
from digit_tui.engine.worker_pool import WORKER_PROCESSES
from digit_tui.insight.significance import compare, gap_words
from digit_tui.nn.inputs import Inputs
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Command,
    Fork,
    GoBack,
    Keep,
    Pause,
    Resume,
    Save,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Setting,
    StepBatch,
    StepEpoch,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    BranchEvent,
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Event,
    Forked,
    ForkEnded,
    Paused,
    Refused,
    RunEnded,
    SettingChanged,
    WentBack,
)
from digit_tui.storage.run_files import METRICS
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training import undo
from digit_tui.training.command_source import CommandScript
from digit_tui.training.run_request import replay_request
from digit_tui.training.snapshots import SnapshotStore

# Two branches take turns at a block of images. The usual digits here have one: while they are
# compared they are level, and take commands, at the ends of epochs alone, every eight steps.

NEVER = 10**9
"""A step that is never reached: a script's command with it waits until the run is paused."""
STOP = (NEVER, Stop())

needs_workers = pytest.mark.skipif(not WORKER_PROCESSES, reason="threads are left to the BLAS here")


def of_fork(ran: Any) -> list[Event]:
    """What happened to the copy."""
    return [event.event for event in ran.events if isinstance(event, BranchEvent)]


def fork_sha(ran: Any) -> str:
    """The weights that the copy ended with."""
    (ended,) = [event for event in of_fork(ran) if isinstance(event, RunEnded)]
    return ended.weights_sha256


def given(step: int, changes: tuple[Setting, ...]) -> list[tuple[int, Command]]:
    return [(step, change) for change in changes]


def results_of(events: list[Event]) -> list[Any]:
    return [
        (event.epoch, event.step, event.train_loss, event.test_loss, event.gradient_norm)
        for event in events
        if isinstance(event, EpochEnded)
    ]


# Replay

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


# Both branches

CHANGES: list[tuple[Setting, ...]] = [
    (SetOptimizer("sgd"),),
    (SetOptimizer("momentum"),),
    (SetOptimizer("rmsprop", 0.002),),
    (SetOptimizer("adamw"),),
    (SetLearningRate(0.03),),
    (SetClipping(value=0.01), SetAugmentation("none")),
    (SetAugmentation("elastic"), ScaleLearningRate(0.5), SetOptimizer("nesterov")),
]


@pytest.mark.parametrize("step", [0, 5, 8, 13])
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_each_branch_learns_as_if_it_were_alone(
    changes: tuple[Setting, ...], optimizer: str, step: int, train: Any
) -> None:
    if changes[0] == SetOptimizer(optimizer):
        return
    options = {"optimizer": optimizer, "epochs": 3}
    ran = train([(step, Fork(changes))], **options)
    control, changed = train(**options), train(given(step, changes), **options)
    assert not ran.all(Refused)
    assert ran.sha256 == control.sha256
    assert fork_sha(ran) == changed.sha256
    assert results_of(ran.events) == results_of(control.events)
    assert results_of(of_fork(ran)) == results_of(changed.events)[step // 8 :]
    assert [event.settings for event in ran.all(Forked)] == [changed.trainer.state.settings]


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("interactive", [True, False])
def test_a_fork_right_after_a_switch(average: bool, interactive: bool, train: Any) -> None:
    """With fresh slots, which nobody needs to copy."""
    switch = (6, SetOptimizer("adamw"))
    options = {"optimizer": "sgd", "average": average}
    ran = train(
        [switch, (6, Fork((SetLearningRate(0.03),))), STOP], interactive=interactive, **options
    )
    assert ran.sha256 == train([switch], **options).sha256
    assert fork_sha(ran) == train([switch, (6, SetLearningRate(0.03))], **options).sha256


@pytest.fixture(scope="module")
def many(make_digits: Callable[..., Dataset]) -> Dataset:
    """Images for three blocks an epoch."""
    digits = make_digits(train=9_000, side=4)
    assert 2 * BLOCK < len(digits.train_labels) < 3 * BLOCK
    return digits


@pytest.mark.parametrize("batch_size", [100, 128, 1_500, 5_000, 9_000])
@pytest.mark.parametrize("augment", ["none", "shift"])
def test_branches_with_several_blocks_an_epoch(
    augment: str, batch_size: int, many: Dataset, train: Any
) -> None:
    options = {"dataset": many, "batch_size": batch_size, "augment": augment}
    steps = -(-9_000 // batch_size)
    changes = (SetOptimizer("rmsprop", 0.002), SetAugmentation("affine"))
    for step in (steps // 3, steps):
        ran = train([(step, Fork(changes))], **options)
        assert ran.sha256 == train(**options).sha256
        assert fork_sha(ran) == train(given(step, changes), **options).sha256


@needs_workers
@pytest.mark.parametrize("batch_size", [100, 1_500])
def test_branches_with_workers(batch_size: int, many: Dataset, train: Any) -> None:
    options = {"dataset": many, "batch_size": batch_size, "threads": 2}
    changes = (SetOptimizer("rmsprop", 0.002), SetAugmentation("affine"))
    ran = train([(20, Fork(changes)), (30, Pause()), (NEVER, Resume())], epochs=4, **options)
    assert ran.sha256 == train(epochs=4, **options).sha256
    assert fork_sha(ran) == train(given(20, changes), epochs=4, **options).sha256


def test_both_branches_train_on_the_same_batches(
    many: Dataset, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[tuple[bytes, bytes]] = []
    blocks: list[tuple[int, int]] = []
    inputs, deform = Worker.inputs, Worker.deform

    def look_at_batch(self: Worker, number: int, order: StepGroup, start: int) -> Inputs:
        found = inputs(self, number, order, start)
        labels = self._batches.labels(order.epoch, start, order.batches[number][0])
        batches.append((found.values.tobytes(), labels.tobytes()))
        return found

    def look_at_block(self: Worker, epoch: int, block: int, augment: str) -> None:
        blocks.append((epoch, block))
        deform(self, epoch, block, augment)

    monkeypatch.setattr(Worker, "inputs", look_at_batch)
    monkeypatch.setattr(Worker, "deform", look_at_block)
    train([(40, Fork((SetLearningRate(0.03),)))], dataset=many)
    seen = Counter(batches)
    assert len(seen) == 2 * -(-9_000 // 32)  # those of two epochs
    assert [seen[batch] for batch in batches[:40]] == [1] * 40
    assert sorted(seen.values()) == [1] * 40 + [2] * (len(seen) - 40)
    assert len(blocks) == 2 * 3  # each block once, for both branches


def test_pauses_and_single_steps_keep_both_branches_level(train: Any) -> None:
    changes = (SetOptimizer("momentum"),)
    script: list[tuple[int, Command]] = [(5, Fork(changes)), (5, Pause()), (5, StepBatch())]
    script += [(NEVER, StepBatch()), (NEVER, StepEpoch()), (NEVER, Save())]
    script += [(NEVER, StepBatch()), (NEVER, Resume())]
    for interactive in (False, True):
        ran = train([*script, STOP], interactive=interactive, epochs=3)
        steps = [event.step for event in ran.all(Paused)]
        assert steps == [5, 6, 7, 8, 9, *([24] if interactive else [])]
        assert ran.sha256 == train(epochs=3).sha256
        assert fork_sha(ran) == train(given(5, changes), epochs=3).sha256


def test_more_epochs_are_for_both_branches(train: Any) -> None:
    changes = (SetOptimizer("momentum"),)
    more = [(8, AddEpochs(1))]
    for interactive in (False, True):
        ran = train([(5, Fork(changes)), *more, STOP], interactive=interactive)
        assert ran.sha256 == train(more).sha256
        assert fork_sha(ran) == train(given(5, changes) + more).sha256


@pytest.mark.parametrize("change", [AddEpochs(1), SetBatchSize(50)])
def test_a_fork_of_another_length_or_with_other_batches_is_refused(
    train: Any, tmp_path: Path, change: Command
) -> None:
    ran = train([(5, Fork((SetLearningRate(0.3), change)))], folder=tmp_path / "run")
    (refused,) = ran.all(Refused)
    assert "optimizer, learning rate, clipping and augmentation" in refused.message
    assert not ran.all(Forked)
    assert ran.sha256 == train().sha256
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_happens_to_the_fork_says_so(train: Any, tmp_path: Path) -> None:
    ran = train([(5, Fork((SetLearningRate(0.03),)))], folder=tmp_path / "run")
    (forked,) = ran.all(Forked)
    assert (forked.step, forked.epoch) == (5, 160 / 230)
    assert forked.changes == ["learning rate 0.03"]
    assert Path(forked.run).parent == tmp_path
    assert [event.step for event in of_fork(ran) if isinstance(event, SettingChanged)] == [5]
    assert not ran.all(SettingChanged)
    assert [event.epoch for event in of_fork(ran) if isinstance(event, EpochEnded)] == [1, 2]
    assert {event.path for event in of_fork(ran) if isinstance(event, CheckpointSaved)} == {
        forked.run
    }
    assert {event.path for event in ran.all(CheckpointSaved)} == {str(tmp_path / "run")}
    assert [event for event in ran.events if isinstance(event, RunEnded)] == [ran.ended]


# Keeping one of them


@pytest.mark.parametrize("interactive", [False, True])
@pytest.mark.parametrize("keep_fork", [False, True])
@pytest.mark.parametrize("step", [5, 8, 16])
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
        assert saved.state() == ("finished" if name == kept or step == 16 else "interrupted")
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


# A branch that diverges


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


# What is refused


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


# Headless

SMALL = [
    *["--batch", "--data", "sample", "--preset", "classic", "--hidden", "8"],
    *["--optimizer", "adam", "--batch-size", "125", "--threads", "1"],
]


def batch(*arguments: Any) -> Result:
    result = CliRunner().invoke(cli, ["--batch", *map(str, arguments)], prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def lines_of(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def complaints_of(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("digit-tui: ")]


def test_a_fork_headless_as_json(tmp_path: Path) -> None:
    options = [*SMALL, "--epochs", 2, "--json"]
    changes = ["--fork-at", 40, "--fork", "optimizer=sgd,lr=0.2,clip-norm=1,augment=none"]
    result = batch(*options, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    lines = lines_of(result)
    branches = [(line["event"], line.get("arm", "run")) for line in lines]
    # How many checkpoints there are on the way is decided by the clock.
    assert [
        name for name, branch in branches if branch == "run" and name != "checkpoint_saved"
    ] == [
        *("run_started", "epoch_ended", "forked", "epoch_ended", "run_ended"),
    ]
    assert ("checkpoint_saved", "run") in branches
    assert {name for name, branch in branches if branch == "fork"} == {
        *("setting_changed", "epoch_ended", "checkpoint_saved", "run_ended"),
    }
    assert {branch for _, branch in branches} == {"run", "fork"}
    assert branches[-1] == ("run_ended", "run")
    forked = next(line for line in lines if line["event"] == "forked")
    assert forked["step"] == 40
    assert "optimizer sgd at rate 0.2" in forked["changes"]
    assert {line["setting"] for line in lines if line["event"] == "setting_changed"} >= {
        *("optimizer", "learning_rate", "clip_norm")
    }
    fork_ended, ended = (line for line in lines if line["event"] == "run_ended")
    assert fork_ended["arm"] == "fork"
    assert fork_ended["run"] == forked["run"]
    assert ended["run"] == str(tmp_path / "run")
    plain = lines_of(batch(*options, "--run", tmp_path / "plain"))[-1]
    assert ended["weights_sha256"] == plain["weights_sha256"]
    assert fork_ended["weights_sha256"] != plain["weights_sha256"]
    # The fork's folder repeats and measures as any run's.
    again = batch("--replay", forked["run"], "--json", "--run", tmp_path / "again")
    assert again.exit_code == 0, again.stderr
    assert lines_of(again)[-1]["weights_sha256"] == fork_ended["weights_sha256"]


def test_a_fork_headless_reports_the_gap(tmp_path: Path) -> None:
    changes = ["--fork-at", 32, "--fork", "optimizer=sgd,lr=0.5"]
    result = batch(*SMALL, "--epochs", 2, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    found = re.search(
        r"\nFork +at step 32: optimizer sgd at rate 0\.5\n"
        r"Test accuracy +(\d+\.\d+) % \(95 % interval \d+\.\d to \d+\.\d\)\n"
        r" +([+-]\d+\.\d\d) points "
        r"\(95 % interval ([+-]\d+\.\d\d) to ([+-]\d+\.\d\d)\)\n"
        r" +fixed (\d+), broke (\d+): .*p [<=] 0\.\d+",
        result.stdout,
    )
    assert found, result.stdout
    fixed, broke = int(found[5]), int(found[6])
    (folder,) = set(tmp_path.iterdir()) - {tmp_path / "run"}
    accuracies = [
        SavedRun.read(path).record["results"]["test_accuracy"]
        for path in (tmp_path / "run", folder)
    ]
    assert float(found[1]) == pytest.approx(100 * accuracies[1], abs=0.006)
    assert float(found[2]) == pytest.approx(100 * (accuracies[1] - accuracies[0]), abs=0.006)
    assert (fixed - broke) / 1000 == pytest.approx(accuracies[1] - accuracies[0])
    assert float(found[3]) <= float(found[2]) <= float(found[4])
    assert str(folder) in result.stdout
    assert result.stdout.count("Weights ") == 2


def test_the_gap_is_that_of_the_two_evaluations(train: Any) -> None:
    ran = train([(5, Fork((SetLearningRate(1e-6),)))])
    other = next(event for event in of_fork(ran) if isinstance(event, RunEnded))
    comparison = compare(ran.ended.evaluated.evaluation, other.evaluated.evaluation)
    assert comparison.difference == pytest.approx(other.test_accuracy - ran.ended.test_accuracy)
    assert gap_words(comparison).startswith(f"{100 * comparison.difference:+.2f} points")


def test_a_fork_headless_that_is_never_reached(tmp_path: Path) -> None:
    for step, status in ((31, 0), (32, 0), (33, 2), (1_000_000, 2)):
        changes = ["--fork-at", step, "--fork", "lr=0.1"]
        result = batch(*SMALL, "--epochs", 1, *changes, "--run", tmp_path / str(step))
        assert result.exit_code == status, (step, result.stderr)
        assert len(complaints_of(result)) == (status == 2)
        if status:
            assert f"--fork-at {step}" in result.stderr
            assert "step 32" in result.stderr
            assert "Weights" in result.stdout  # the run itself is there


def test_a_fork_headless_that_changes_nothing(tmp_path: Path) -> None:
    changes = ["--fork-at", 5, "--fork", "optimizer=adam"]
    result = batch(*SMALL, "--epochs", 1, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 2
    assert "it would do the same" in result.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "run"]


@pytest.mark.parametrize("who", ["run", "fork"])
def test_a_branch_that_diverges_headless(who: str, tmp_path: Path) -> None:
    rates = ("1e30", "0.1") if who == "run" else ("0.1", "1e30")
    options = [*SMALL, "--optimizer", "sgd", "--lr", rates[0], "--epochs", 1, "--json"]
    changes = ["--fork-at", 0, "--fork", f"lr={rates[1]}"]
    result = batch(*options, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 4, result.stderr
    lines = lines_of(result)
    ended = next(line for line in lines if line["event"] == "fork_ended")
    assert ended["kept"] == ("fork" if who == "run" else "run")
    assert ended["reason"] == "diverged"
    assert lines[-1]["event"] == "run_ended"
    assert lines[-1]["reason"] == "finished"
    alone = [*SMALL, "--optimizer", "sgd", "--lr", "0.1", "--epochs", 1, "--json"]
    plain = lines_of(batch(*alone, "--run", tmp_path / "plain"))[-1]
    assert lines[-1]["weights_sha256"] == plain["weights_sha256"]


@pytest.mark.parametrize("who", ["run", "fork"])
def test_a_branch_that_diverges_headless_is_in_the_report(who: str, tmp_path: Path) -> None:
    rates = ("1e30", "0.1") if who == "run" else ("0.1", "1e30")
    options = [*SMALL, "--optimizer", "sgd", "--lr", rates[0], "--epochs", 1]
    result = batch(
        *options,
        "--fork-at",
        3 if who == "fork" else 0,
        "--fork",
        f"lr={rates[1]}",
        "--run",
        tmp_path / "run",
    )
    assert result.exit_code == 4, result.stderr
    assert "(finished)" in result.stdout
    assert len(complaints_of(result)) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fork", "lr=1"],
        ["--fork-at", 3],
        ["--fork-at", -1, "--fork", "lr=1"],
        ["--fork-at", 3, "--fork", "rate=1"],
        ["--fork-at", 3, "--fork", "lr"],
        ["--fork-at", 3, "--fork", "lr=high"],
        ["--fork-at", 3, "--fork", ""],
        ["--fork-at", 3, "--fork", "lr=1,lr=2x"],
    ],
    ids=str,
)
def test_a_fork_headless_that_is_no_fork(arguments: list[Any], tmp_path: Path) -> None:
    result = batch(*SMALL, *arguments, "--run", tmp_path / "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert not (tmp_path / "run").exists()


def test_a_fork_with_a_value_that_is_impossible(tmp_path: Path) -> None:
    changes = ["--fork-at", 3, "--fork", "lr=-1"]
    result = batch(*SMALL, "--epochs", 1, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 2
    assert "--fork: lr: -1.0" in result.stderr


def test_replay_headless(tmp_path: Path) -> None:
    first = lines_of(batch(*SMALL, "--epochs", 1, "--json", "--run", tmp_path / "run"))[-1]
    again = batch("--replay", tmp_path / "run", "--json", "--run", tmp_path / "again")
    assert (again.exit_code, again.stderr.count("digit-tui: ")) == (0, 0)
    assert lines_of(again)[-1]["weights_sha256"] == first["weights_sha256"]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["results"]["weights_sha256"] = "0" * 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    other = batch("--replay", tmp_path / "run", "--json", "--run", tmp_path / "other")
    assert other.exit_code == 1
    assert "0" * 64 in other.stderr


def test_resume_and_fork_headless(tmp_path: Path) -> None:
    """A run that was stopped goes on, forked at a step that is still to come."""
    changes = ["--fork-at", 40, "--fork", "optimizer=sgd,lr=0.2"]
    options = [*SMALL, "--epochs", 2, "--json"]
    whole = lines_of(batch(*options, *changes, "--run", tmp_path / "whole"))
    start_run(tmp_path / "run", 20)
    result = batch("--resume", tmp_path / "run", "--json", *changes)
    assert result.exit_code == 0, result.stderr
    shas, expected = (
        [line["weights_sha256"] for line in lines if line["event"] == "run_ended"]
        for lines in (lines_of(result), whole)
    )
    assert len(shas) == 2
    assert shas == expected


def start_run(folder: Path, steps: int, script: list[tuple[int, Command]] | None = None) -> None:
    """A run with the options SMALL and two epochs, stopped after some steps."""
    from digit_tui.config import RunConfig
    from digit_tui.training.run_request import RunRequest

    config = RunConfig.from_preset(
        "classic", data="sample", hidden=(8,), optimizer="adam", batch_size=125, threads=1, epochs=2
    )
    opening = RunRequest(config, folder)
    source = CommandScript([*(script or []), (steps, Stop())])
    list(opening.trainer(opening.load_dataset(), source, interactive=False).run())


def test_a_fork_before_where_a_run_is_resumed_is_never_reached(tmp_path: Path) -> None:
    start_run(tmp_path / "run", 20)
    changes = ["--fork-at", 10, "--fork", "lr=0.2"]
    result = batch("--resume", tmp_path / "run", "--json", *changes)
    assert result.exit_code == 2
    assert "--fork-at 10" in result.stderr


@pytest.mark.parametrize("flag", ["--replay", "--resume"])
def test_a_fork_before_commands_that_are_repeated(flag: str, tmp_path: Path) -> None:
    """It is refused, or the run takes its commands all the same."""
    script = [(30, Save()), (40, SetLearningRate(0.02))]
    start_run(tmp_path / "run", 50, script)
    if flag == "--resume":
        (tmp_path / "run" / "checkpoint.npz").unlink()  # goes on from step 30
    plain = lines_of(batch("--replay", tmp_path / "run", "--json", "--run", tmp_path / "plain"))
    changes = ["--fork-at", 35, "--fork", "optimizer=sgd,lr=0.2"]
    into = ["--run", tmp_path / "again"] if flag == "--replay" else []
    result = batch(flag, tmp_path / "run", "--json", *changes, *into)
    if result.exit_code == 2 and not result.stdout:
        return
    assert result.exit_code == 0, result.stderr
    if flag == "--replay":
        assert lines_of(result)[-1]["weights_sha256"] == plain[-1]["weights_sha256"]
    lineage = SavedRun.read(tmp_path / ("again" if into else "run")).history().lineage
    assert lineage == (AppliedCommand(40, SetLearningRate(0.02)),)


def test_evaluations_of_both_branches_are_of_the_same_digits(train: Any) -> None:
    ran = train([(5, Fork((SetLearningRate(0.03),)))])
    other = next(event for event in of_fork(ran) if isinstance(event, RunEnded))
    np.testing.assert_array_equal(
        ran.ended.evaluated.evaluation.labels, other.evaluated.evaluation.labels
    )
