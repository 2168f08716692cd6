"""A run is a deterministic state machine: what does not train changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript
from support.rarely import rarely

from digit_tui.engine import batches as batches_module
from digit_tui.engine import stepper as step_module
from digit_tui.nn import inputs as inputs_module
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    Pause,
    Resume,
    Save,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    StepBatch,
    StepEpoch,
    Stop,
)
from digit_tui.run.events import EpochEnded, Evaluated, Paused, SettingChanged, StepsDone
from digit_tui.training import step_publisher

CHANGES: list[tuple[int, Command]] = [
    (2, SetOptimizer("nesterov")),
    (3, SetLearningRate(0.02)),
    (5, SetAugmentation("elastic")),
    (6, SetClipping(norm=0.5)),
    (9, SetBatchSize(20)),
    (11, SetOptimizer("rmsprop", 0.002)),
    (12, SetClipping(value=0.01)),
    (14, AddEpochs(1)),
    (17, ScaleLearningRate(0.5)),
    (20, SetAugmentation("none")),
]


def with_pauses(script: list[tuple[int, Command]]) -> list[tuple[int, Command]]:
    """The same changes, each made while the run is paused, after looking around a little."""
    paused = []
    for step, command in script:
        paused += [(step, each) for each in (Pause(), Save(), command, Resume(), Pause())]
        paused += [(step, StepBatch()), (step + 1, Resume())]
    return paused


def test_the_same_script_gives_the_same_run(train: Any) -> None:
    first, second = train(CHANGES), train(CHANGES)
    assert first.sha256 == second.sha256
    assert first.sha256 != train().sha256
    for kind in (EpochEnded, SettingChanged):
        assert [
            {k: v for k, v in vars(event).items() if k not in ("seconds", "images_per_second")}
            for event in first.all(kind)
        ] == [
            {k: v for k, v in vars(event).items() if k not in ("seconds", "images_per_second")}
            for event in second.all(kind)
        ]


@pytest.mark.parametrize("threads", [2, *rarely(1)])
@pytest.mark.parametrize("most", [2, *rarely(1, 7)])
@pytest.mark.parametrize(
    ("script", "options"),
    # Of the second one's step groups some are as long as they may be. The third leaves pixels out.
    [
        (CHANGES, {}),
        pytest.param([(150, SetLearningRate(0.02))], {"batch_size": 1}, marks=pytest.mark.long),
        (CHANGES[:2] + CHANGES[3:9], {"augment": "none"}),
    ],
    ids=["many changes", "single images", "not deformed"],
)
def test_how_many_steps_are_made_in_one_step_group_changes_nothing(
    script: Any,
    options: Any,
    most: int,
    threads: int,
    train: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = train(script, threads=threads, **options)
    monkeypatch.setattr(step_module, "MAX_STEPS", most)
    ran = train(script, threads=threads, **options)
    assert ran.sha256 == expected.sha256
    np.testing.assert_array_equal(ran.trainer.state.slots, expected.trainer.state.slots)
    for told in ("positions", "losses", "accuracies", "gradient_norms"):
        first, second = (
            np.concatenate([getattr(event, told) for event in each.all(StepsDone)])
            for each in (ran, expected)
        )
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("threads", [2, *rarely(1)])
def test_a_command_that_comes_ends_a_step_group(
    threads: int, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes effect after the step that is being made, and what is computed is the same."""
    expected = train(CHANGES, threads=threads)
    monkeypatch.setattr(step_publisher, "PUBLISH_SECONDS", -1)
    assert max(len(event.losses) for event in train(threads=threads).all(StepsDone)) > 1
    monkeypatch.setattr(CommandScript, "waiting", lambda script: True)
    ran = train(CHANGES, threads=threads)
    assert ran.sha256 == expected.sha256
    assert {len(event.losses) for event in ran.all(StepsDone)} == {1}


def test_a_command_that_comes_in_a_batch_across_blocks(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (batches_module, step_module):
        monkeypatch.setattr(module, "BLOCK", 100)
    expected = train(augment="elastic", batch_size=70, threads=1)
    monkeypatch.setattr(CommandScript, "waiting", lambda script: True)
    assert train(augment="elastic", batch_size=70, threads=1).sha256 == expected.sha256


def test_a_large_network_makes_single_steps(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's commands are looked at between them."""
    monkeypatch.setattr(step_publisher, "PUBLISH_SECONDS", -1)
    assert max(len(event.losses) for event in train(batch_size=1).all(StepsDone)) > 1
    monkeypatch.setattr(step_module, "MAX_GROUP_WORK", 100)
    assert {len(event.losses) for event in train(batch_size=1).all(StepsDone)} == {1}


def test_changes_made_in_pauses_are_the_same_changes(train: Any) -> None:
    paused = train(with_pauses(CHANGES))
    assert len(paused.all(Paused)) >= 2 * len(CHANGES)
    assert paused.sha256 == train(CHANGES).sha256
    assert paused.ended.steps == train(CHANGES).ended.steps


def test_a_pause_at_any_step_changes_nothing(train: Any) -> None:
    plain = train()
    for step in range(plain.ended.steps):
        assert train([(step, Pause()), (step, Resume())]).sha256 == plain.sha256


def test_single_steps_make_the_same_run(train: Any) -> None:
    plain = train()
    steps = plain.ended.steps
    stepped = train(
        [(0, Pause()), *((step, StepBatch()) for step in range(steps)), (steps, Stop())]
    )
    assert [event.reason for event in stepped.all(Paused)] == ["asked", *["batch"] * steps]
    assert [event.step for event in stepped.all(Paused)] == list(range(steps + 1))
    assert stepped.sha256 == plain.sha256


def test_epoch_steps_make_the_same_run(train: Any) -> None:
    plain = train()
    stepped = train([(0, StepEpoch()), (8, StepBatch()), (9, StepEpoch()), (16, Stop())])
    assert [(event.step, event.epoch, event.reason) for event in stepped.all(Paused)] == [
        (8, 1, "epoch"),
        (9, 1 + 32 / 230, "batch"),
        (16, 2, "epoch"),
    ]
    assert stepped.sha256 == plain.sha256


def test_steps_asked_for_in_one_go_are_all_made(train: Any) -> None:
    # Someone holds the key down: all of it arrives between two steps.
    stepped = train(
        [(0, Pause()), (0, StepBatch()), (0, StepBatch()), (0, StepBatch()), (3, Stop())]
    )
    assert stepped.ended.steps == 3
    assert [event.step for event in stepped.all(Paused)] == [0, 1, 2, 3]


def test_how_often_steps_are_published_changes_nothing(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = train()
    monkeypatch.setattr(step_publisher, "PUBLISH_SECONDS", -1)
    assert train().sha256 == plain.sha256


def test_a_stopped_run_is_the_beginning_of_the_longer_one(train: Any) -> None:
    stopped = train([(5, Stop())])
    seen = {}
    trainer = train([(5, Pause()), (5, Resume())])
    for event in trainer.all(Evaluated):
        seen[event.step] = event.evaluation
    looked = stopped.ended.evaluated.evaluation
    np.testing.assert_array_equal(looked.probabilities, seen[5].probabilities)


@pytest.mark.parametrize("threads", [1, 2])
def test_pixels_that_are_left_out_change_nothing_but_last_bits(
    threads: int, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"augment": "none", "threads": 1, "epochs": 4, "weight_decay": 0.01}
    monkeypatch.setattr(inputs_module, "MOST_INKED", 0.0)
    every = train(**options)
    monkeypatch.undo()
    left_out = train(**options | {"threads": threads})
    assert left_out.sha256 != every.sha256
    weights = left_out.trainer.state.parameters, every.trainer.state.parameters
    np.testing.assert_allclose(*weights, rtol=1e-2, atol=1e-3)


def test_the_seed_decides(train: Any) -> None:
    assert train(seed=1).sha256 == train(seed=1).sha256
    assert train(seed=1).sha256 != train(seed=2).sha256


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_every_optimizer_repeats_itself_and_learns(name: str, average: bool, train: Any) -> None:
    options = {"optimizer": name, "average": average, "learning_rate": None, "epochs": 8}
    run = train(**options)
    assert run.sha256 == train(**options).sha256
    losses = [event.train_loss for event in run.all(EpochEnded)]
    assert losses[-1] < losses[0]
    assert run.ended.test_accuracy > 0.5  # four classes
