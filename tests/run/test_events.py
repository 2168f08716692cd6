from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digit_tui.engine import stepper as step_module
from digit_tui.nn import SCHEDULES, GradientPass, Network, evaluate, scale_pixels
from digit_tui.run.commands import Pause, Resume, SetLearningRate, SetOptimizer, Stop
from digit_tui.run.event_json import event_to_json
from digit_tui.run.events import (
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Evaluated,
    Paused,
    RunEnded,
    RunStarted,
    SettingChanged,
    StepsDone,
)
from digit_tui.run.setting_words import setting_change
from digit_tui.run.wording import divergence
from digit_tui.training import step_publisher


@pytest.mark.usefixtures("saved_each_epoch")
def test_the_order_of_a_plain_run(train: Any, tmp_path: Path) -> None:
    ran = train(folder=tmp_path / "run")
    kinds = [type(event) for event in ran.events]
    assert kinds[:2] == [RunStarted, Evaluated]
    assert kinds[-2:] == [CheckpointSaved, RunEnded]
    order = [kind for kind in kinds[2:-2] if kind is not StepsDone]
    assert order == [Evaluated, EpochEnded, CheckpointSaved] * 2
    assert [(event.step, event.asked) for event in ran.all(CheckpointSaved)] == [
        (8, False),
        (16, False),
        (16, True),  # with the results
    ]
    for index, kind in enumerate(kinds):
        if kind is EpochEnded:  # its steps are told before it
            assert kinds[index - 2 : index] == [StepsDone, Evaluated]


@pytest.mark.parametrize("seconds", [-1, 0.0005, 1e9])
def test_each_step_is_told_exactly_once(
    seconds: float, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_publisher, "PUBLISH_SECONDS", seconds)
    script = [(3, Pause()), (3, Resume()), (5, SetLearningRate(0.1)), (18, Stop())]
    ran = train(script, epochs=3)
    told = ran.all(StepsDone)
    count = 0
    for event in told:
        count += len(event.positions)
        assert len(event.losses) == len(event.gradient_norms) == len(event.positions) > 0
        assert event.step == count
        assert event.epoch == event.positions[-1]
        assert np.isfinite(event.losses).all()
        assert (event.gradient_norms > 0).all()
    assert count == ran.ended.steps == 18
    positions = np.concatenate([event.positions for event in told])
    assert (np.diff(positions) > 0).all()
    assert positions[7] == 1  # eight steps an epoch, and whole numbers at their ends
    assert positions[15] == 2
    np.testing.assert_allclose(np.diff(positions[:8]), [32 / 230] * 6 + [38 / 230 - 32 / 230])
    # Nothing is told late: each event that names a step comes after that step was told.
    steps = 0
    for event in ran.events:
        if isinstance(event, StepsDone):
            steps = event.step
        elif isinstance(event, Evaluated | EpochEnded | Paused | SettingChanged):
            assert event.step == steps


def test_an_epochs_figures_are_those_of_its_steps(train: Any) -> None:
    ran = train(augment="none")
    sizes = np.array([32] * 7 + [6])
    losses = np.concatenate([event.losses for event in ran.all(StepsDone)]).reshape(2, 8)
    norms = np.concatenate([event.gradient_norms for event in ran.all(StepsDone)]).reshape(2, 8)
    for number, ended in enumerate(ran.all(EpochEnded)):
        assert (ended.epoch, ended.step) == (number + 1, 8 * (number + 1))
        assert ended.train_loss == pytest.approx(losses[number] @ sizes / 230, rel=1e-6)
        assert ended.gradient_norm == pytest.approx(norms[number].mean(), rel=1e-6)
        assert ended.optimizer == "adam"
        assert ended.images_per_second == pytest.approx(230 / ended.seconds)


def test_the_first_steps_loss_and_accuracy_by_hand(train: Any, digits: Any) -> None:
    # One step of all images, so that the order does not matter.
    ran = train(augment="none", batch_size=230, epochs=1)
    start = Network(ran.events[0].network, train([(0, Stop())]).trainer.state.parameters)
    inputs = scale_pixels(digits.train_images, np.empty((230, 36), np.float32))
    result = GradientPass(start, 230).run(inputs, digits.train_labels)
    (ended,) = ran.all(EpochEnded)
    assert ended.train_loss == pytest.approx(result.loss, rel=1e-5)
    assert ended.train_accuracy == result.correct / 230


@pytest.mark.parametrize("average", [True, False])
def test_evaluations_are_of_the_weights_that_count(average: bool, train: Any, digits: Any) -> None:
    ran = train(average=average)
    state = ran.trainer.state
    measured = state.average if average else state.parameters
    assert (state.average is not None) == average
    network = Network(ran.events[0].network, measured)
    expected = evaluate(network, digits.test_images, digits.test_labels)
    np.testing.assert_array_equal(ran.ended.evaluated.evaluation.losses, expected.losses)
    last = ran.all(EpochEnded)[-1]
    assert (last.test_loss, last.test_accuracy) == (expected.loss, expected.accuracy)
    assert ran.ended.test_correct == expected.correct
    assert ran.ended.test_total == 60


def test_the_test_set_is_looked_at_at_the_start_in_pauses_and_after_epochs(train: Any) -> None:
    ran = train([(3, Pause()), (3, Resume())])
    evaluated = [(event.step, event.epoch) for event in ran.all(Evaluated)]
    assert evaluated == [(0, 0), (3, 96 / 230), (8, 1), (16, 2)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_follows_the_schedule_from_the_first_step(
    schedule: str, train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_publisher, "PUBLISH_SECONDS", -1)
    monkeypatch.setattr(step_module, "MAX_STEPS", 1)
    ran = train(schedule=schedule, learning_rate=0.5)
    rates = [event.learning_rate for event in ran.all(StepsDone)]
    starts = [0.0, *(event.epoch for event in ran.all(StepsDone))][:-1]
    assert rates == pytest.approx([0.5 * SCHEDULES[schedule](start / 2) for start in starts])
    assert ran.all(EpochEnded)[-1].learning_rate == rates[-1]


def test_the_start_tells_what_will_be_trained(train: Any, digits: Any) -> None:
    started = train().events[0]
    assert started.network == (36, 8, 4)
    assert started.parameters == 36 * 8 + 8 + 8 * 4 + 4
    assert started.data == {
        "name": "patterns",
        "sha256": digits.sha256,
        "validation_images": 0,
        "training_images": 230,
        "test_images": 60,
        "classes": 4,
        "side": 6,
    }
    assert started.config["hidden"] == (8,)
    assert started.run is None
    assert set(started.versions) >= {"digit_tui", "numpy", "python"}


def test_a_run_without_epochs_starts_and_ends(train: Any) -> None:
    ran = train(epochs=0)
    assert [type(event) for event in ran.events] == [RunStarted, Evaluated, RunEnded]
    assert (ran.ended.reason, ran.ended.epochs, ran.ended.steps) == ("finished", 0, 0)
    assert 0 <= ran.ended.test_accuracy <= 1


@pytest.mark.parametrize("classes", [2, 47])
def test_any_number_of_classes_is_learned(classes: int, train: Any, make_digits: Any) -> None:
    dataset = make_digits(classes=classes, train=47 * 20, test=94)
    ran = train(dataset=dataset, hidden=(32,), epochs=15, augment="none")
    assert ran.events[0].network == (36, 32, classes)
    assert ran.ended.evaluated.evaluation.probabilities.shape == (94, classes)
    assert ran.ended.test_accuracy > 0.8


@pytest.mark.parametrize("size", [1, 7, 31])
def test_a_data_set_smaller_than_a_batch_is_one_batch(
    size: int, train: Any, make_digits: Any
) -> None:
    ran = train(dataset=make_digits(train=size), epochs=3, augment="elastic")
    assert ran.ended.steps == ran.ended.epochs == 3
    assert [event.images for event in ran.all(StepsDone)][-1] <= 3 * size


def test_a_single_pixel_wider_network_trains(train: Any, make_digits: Any) -> None:
    ran = train(dataset=make_digits(side=2), hidden=(1, 1), augment="elastic")
    assert ran.events[0].network == (4, 1, 1, 4)
    assert ran.ended.steps == 16


# As JSON


def test_events_become_plain_json(train: Any, tmp_path: Path) -> None:
    ran = train([(2, SetOptimizer("sgd"))], folder=tmp_path / "run")
    names = {
        RunStarted: "run_started",
        EpochEnded: "epoch_ended",
        SettingChanged: "setting_changed",
        CheckpointSaved: "checkpoint_saved",
        RunEnded: "run_ended",
    }
    for event in ran.events:
        if type(event) in names:
            text = json.dumps(event_to_json(event), allow_nan=False)
            assert json.loads(text)["event"] == names[type(event)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_json_has_no_number_for_becomes_null(value: float) -> None:
    text = json.dumps(event_to_json(Diverged(3, 0.5, "loss", value, "words")), allow_nan=False)
    assert json.loads(text) == {
        "event": "diverged",
        "step": 3,
        "epoch": 0.5,
        "what": "loss",
        "value": None,
        "message": "words",
    }


# In words


def test_changes_in_words(train: Any) -> None:
    ran = train([(1, SetLearningRate(0.02)), (2, SetOptimizer("sgd"))])
    assert [setting_change(event) for event in ran.all(SettingChanged)] == [
        "learning rate 0.01 → 0.02",
        "optimizer adam → sgd",
        "learning rate 0.02 → 0.1",
    ]


def test_a_divergence_in_words_blames_the_last_change(train: Any) -> None:
    change = train([(1, SetLearningRate(8.0))]).all(SettingChanged)[0]
    assert divergence("loss", float("nan"), 1_203, []) == "loss became NaN at step 1,204"
    assert divergence("gradient", float("inf"), 1, [change]) == (
        "gradient became infinite at step 2, 1 step after learning rate 0.01 → 8"
    )
