"""Forks: two branches that train on the same batches, each as if it were alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.forks import NEVER, STOP, fork_sha, given, needs_workers, of_fork, results_of
from support.rarely import endurance, rarely

from digit_tui.data import Dataset
from digit_tui.engine.step_group import StepGroup
from digit_tui.engine.worker import Worker
from digit_tui.insight.significance import compare, gap_words
from digit_tui.nn.inputs import Inputs
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    Fork,
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
)
from digit_tui.run.events import (
    CheckpointSaved,
    EpochEnded,
    Forked,
    Paused,
    Refused,
    RunEnded,
    SettingChanged,
)

CHANGES: list[tuple[Setting, ...]] = [
    (SetOptimizer("sgd"),),
    (SetOptimizer("momentum"),),
    (SetOptimizer("rmsprop", 0.002),),
    (SetOptimizer("adamw"),),
    (SetLearningRate(0.03),),
    (SetClipping(value=0.01), SetAugmentation("none")),
    (SetAugmentation("elastic"), ScaleLearningRate(0.5), SetOptimizer("nesterov")),
]


@pytest.mark.parametrize("step", [5, *rarely(0, 8, 13)])
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


@pytest.mark.parametrize("batch_size", [100, 5_000, *rarely(128, 1_500, 9_000)])
@pytest.mark.parametrize("augment", ["shift", *rarely("none")])
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
@pytest.mark.parametrize("batch_size", [*rarely(100), *endurance(1_500)])
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

    def look_at_batch(self: Worker, number: int, group: StepGroup, start: int) -> Inputs:
        found = inputs(self, number, group, start)
        labels = self._batches.labels(group.epoch, start, group.batches[number][0])
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
    assert (
        "optimizer, learning rate, clipping, sam, augmentation, units, pruning, teaching"
        in refused.message
    )
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


def test_the_gap_is_that_of_the_two_evaluations(train: Any) -> None:
    ran = train([(5, Fork((SetLearningRate(1e-6),)))])
    other = next(event for event in of_fork(ran) if isinstance(event, RunEnded))
    comparison = compare(ran.ended.evaluated.evaluation, other.evaluated.evaluation)
    assert comparison.difference == pytest.approx(other.test_accuracy - ran.ended.test_accuracy)
    assert gap_words(comparison).startswith(f"{100 * comparison.difference:+.2f} points")


def test_evaluations_of_both_branches_are_of_the_same_digits(train: Any) -> None:
    ran = train([(5, Fork((SetLearningRate(0.03),)))])
    other = next(event for event in of_fork(ran) if isinstance(event, RunEnded))
    np.testing.assert_array_equal(
        ran.ended.evaluated.evaluation.labels, other.evaluated.evaluation.labels
    )


def test_a_finished_run_has_nothing_to_compare(train: Any) -> None:
    ran = train([(NEVER, Fork((SetOptimizer("sgd"),))), STOP], interactive=True)
    (refused,) = ran.all(Refused)
    assert refused.message == "All epochs are done"
    assert not ran.all(Forked)
