"""A run is a deterministic state machine: what does not train changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript
from support.rarely import rarely

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine import batches as batches_module
from digit_tui.engine import stepper as step_module
from digit_tui.engine.stepper import Stepper
from digit_tui.engine.worker import Worker
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.nn import inputs as inputs_module
from digit_tui.nn.inputs import Inputs
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
from digit_tui.run.random_streams import stream
from digit_tui.run.settings import Settings
from digit_tui.run.state import RunState
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
    # Of the second one's orders some are as long as they may be. The third leaves pixels out.
    [
        (CHANGES, {}),
        ([(150, SetLearningRate(0.02))], {"batch_size": 1}),
        (CHANGES[:2] + CHANGES[3:9], {"augment": "none"}),
    ],
    ids=["many changes", "single images", "not deformed"],
)
def test_how_many_steps_are_made_at_one_order_changes_nothing(
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


@pytest.mark.parametrize("threads", [1, 2])
def test_a_command_that_comes_ends_an_order(
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


# Random streams and batches


def test_streams_differ_by_seed_purpose_and_place() -> None:
    keys: list[tuple[Any, ...]] = [
        (seed, purpose, *index)
        for seed in (0, 1, 2**63 - 1)
        for purpose in ("weights", "shuffle", "augment")
        for index in ((), (0,), (1,), (0, 0), (0, 1), (1, 0))
    ]
    draws = {stream(*key).bytes(16) for key in keys}
    assert len(draws) == len(keys)


def stepper_of(digits: Dataset) -> Stepper:
    config = RunConfig(data="patterns", hidden=(2,), side=digits.side, seed=0, threads=1)
    return Stepper(config, WorkerPool.for_run(config, (digits.pixels, 2, digits.classes), digits))


def epoch_of(
    stepper: Stepper, digits: Dataset, size: int, epoch: int = 0, augment: str = "none"
) -> tuple[np.ndarray, np.ndarray]:
    """What steps load in a whole epoch, in batches of one size."""
    pool, total = stepper._pool, len(digits.train_labels)
    make, rows = Worker.inputs, slice(0)

    def look(self: Worker, *values: Any) -> Inputs:
        found = make(self, *values)
        columns = found.kept.rows if found.kept else np.arange(digits.pixels + 1)
        inputs[rows, columns] = np.rint(found.values * 255)
        return found

    config = RunConfig(data="patterns", augment=augment, batch_size=size, epochs=9)
    state = RunState(pool.vectors, Settings.of(config), epoch=epoch)
    inputs, labels = np.zeros((total, digits.pixels + 1), np.uint8), np.full(total, -1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Worker, "inputs", look)
        while (start := state.cursor) < total:
            rows = slice(start, min(start + size, total))
            (result,) = stepper.steps(state, 1)
            assert rows == slice(start, state.cursor)
            labels[rows] = pool._batches.labels(epoch, start, result.images)
    assert (inputs[:, -1] == 255).all()  # the input that is always 1
    return inputs[:, :-1], labels


@pytest.mark.parametrize("augment", ["none", "elastic"])
def test_content_does_not_depend_on_the_batch_size(
    augment: str, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (batches_module, step_module):
        monkeypatch.setattr(module, "BLOCK", 100)  # so that batches lie across blocks
    inputs, labels = epoch_of(stepper_of(digits), digits, 230, augment=augment)
    assert inputs.any(axis=1).all()
    assert labels.min() == 0
    for size in (1, 32, 100, 128):
        again = epoch_of(stepper_of(digits), digits, size, augment=augment)
        np.testing.assert_array_equal(again[0], inputs)
        np.testing.assert_array_equal(again[1], labels)


def test_content_does_not_depend_on_what_was_asked_before(digits: Dataset) -> None:
    used = stepper_of(digits)
    epoch_of(used, digits, 50, epoch=3, augment="affine")
    epoch_of(used, digits, 7, epoch=1, augment="none")
    for epoch, augment in ((1, "elastic"), (1, "none"), (0, "none"), (3, "affine")):
        expected = epoch_of(stepper_of(digits), digits, 230, epoch, augment)
        actual = epoch_of(used, digits, 60, epoch, augment)
        np.testing.assert_array_equal(actual[0], expected[0])
        np.testing.assert_array_equal(actual[1], expected[1])


def test_each_epoch_uses_every_image_once_in_an_order_of_its_own(digits: Dataset) -> None:
    stepper = stepper_of(digits)
    orders = []
    for epoch in (0, 1):
        inputs, labels = epoch_of(stepper, digits, 32, epoch)
        pairs = [(row.tobytes(), label) for row, label in zip(inputs, labels, strict=True)]
        orders.append(pairs)
    every = {
        (image.tobytes(), label)
        for image, label in zip(digits.train_images, digits.train_labels, strict=True)
    }
    assert len(set(orders[0])) == len(every) == 230
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


def test_augmentation_does_not_change_the_order(digits: Dataset) -> None:
    plain = epoch_of(stepper_of(digits), digits, 32)
    for augment in ("shift", "affine", "elastic"):
        deformed = epoch_of(stepper_of(digits), digits, 32, augment=augment)
        np.testing.assert_array_equal(deformed[1], plain[1])
        assert (deformed[0] != plain[0]).any()


def test_augmentation_differs_between_epochs_and_blocks(
    make_digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (batches_module, step_module):
        monkeypatch.setattr(module, "BLOCK", 20)
    same = make_digits(train=40)
    same.train_images[:] = same.train_images[0]  # so that only the deformation differs
    stepper = stepper_of(same)
    first, second = (epoch_of(stepper, same, 40, epoch, "elastic")[0] for epoch in (0, 1))
    assert len({row.tobytes() for row in (*first, *second)}) == 80


def test_steps_see_each_image_of_an_epoch_once(train: Any) -> None:
    images = [event.images for event in train().all(StepsDone)]
    assert sum(images) == 2 * 230
