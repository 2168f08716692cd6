from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from digit_tui.nn import RULES
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    Inspect,
    Pause,
    Prune,
    Resume,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    StepBatch,
    StepEpoch,
    Stop,
    SwitchOff,
    SwitchOn,
)
from digit_tui.run.events import (
    EpochEnded,
    Inspected,
    Paused,
    Refused,
    Resumed,
    RunStarted,
    SettingChanged,
    StepsDone,
)
from digit_tui.run.setting_words import NAMES

PAUSED = 10**9
"""A step that is never reached: a script's command with it waits until the run is paused."""


def changes(ran: Any) -> list[tuple[int, str, Any, Any]]:
    return [(each.step, each.setting, each.old, each.new) for each in ran.all(SettingChanged)]


@pytest.mark.parametrize("name", [name for name in RULES if name != "adam"])
def test_another_optimizer_goes_on_from_the_same_weights(name: str, train: Any) -> None:
    before = train([(5, Stop())]).trainer.state
    after = train([(5, SetOptimizer(name)), (5, Stop())]).trainer.state
    np.testing.assert_array_equal(after.parameters, before.parameters)
    np.testing.assert_array_equal(after.average, before.average)
    assert before.slots.any()
    assert after.slots.shape == (RULES[name].slots, len(after.parameters))
    assert not after.slots.any()
    assert (after.step, after.slot_steps) == (5, 0)
    assert after.settings == replace(
        before.settings, optimizer=name, learning_rate=RULES[name].learning_rate
    )


def test_another_optimizer_trains_by_its_own_rule(train: Any) -> None:
    # Switched before the first step, it is as if it had been chosen at once.
    for name, rule in RULES.items():
        switched = train([(0, SetOptimizer(name, rule.learning_rate))])
        assert switched.sha256 == train(optimizer=name, learning_rate=rule.learning_rate).sha256


def test_back_at_the_first_optimizer_its_rate_and_weight_decay_are_back(train: Any) -> None:
    script = [(1, SetOptimizer("momentum")), (2, SetOptimizer("adamw"))]
    assert changes(train(script, optimizer="adamw", weight_decay=0.1)) == [
        (1, "optimizer", "adamw", "momentum"),
        (1, "learning_rate", 0.01, RULES["momentum"].learning_rate),
        (1, "weight_decay", 0.1, 0.0),
        (2, "optimizer", "momentum", "adamw"),
        (2, "learning_rate", RULES["momentum"].learning_rate, 0.01),
        (2, "weight_decay", 0.0, 0.1),
    ]


def test_weight_decay_carries_over_between_rules_that_add_it_to_the_gradient(train: Any) -> None:
    ran = train([(1, SetOptimizer("momentum"))], optimizer="sgd", weight_decay=1e-4)
    assert ran.trainer.state.settings.weight_decay == 1e-4


def test_an_optimizer_comes_with_its_own_rate_unless_another_is_given(train: Any) -> None:
    assert changes(train([(1, SetOptimizer("sgd"))])) == [
        (1, "optimizer", "adam", "sgd"),
        (1, "learning_rate", 0.01, RULES["sgd"].learning_rate),
    ]
    assert changes(train([(1, SetOptimizer("sgd", 0.5))]))[1] == (1, "learning_rate", 0.01, 0.5)


def test_coming_back_to_an_optimizer_is_a_fresh_start_for_it(train: Any) -> None:
    away = train([(5, SetOptimizer("sgd")), (5, SetOptimizer("adam", 0.01)), (6, Stop())])
    stayed = train([(6, Stop())])
    assert away.trainer.state.slot_steps == 1
    assert stayed.trainer.state.slot_steps == 6
    assert away.sha256 != stayed.sha256


def test_a_fresh_start_corrects_adams_bias_afresh(train: Any) -> None:
    # Adam's first step is as long as the rate, whatever the gradient: if it counts from one.
    before = train([(5, Stop())], optimizer="sgd", schedule="constant")
    after = train([(5, SetOptimizer("adam")), (6, Stop())], optimizer="sgd", schedule="constant")
    moved = np.abs(after.trainer.state.parameters - before.trainer.state.parameters)
    assert moved.max() == pytest.approx(RULES["adam"].learning_rate, rel=1e-3)


def test_the_optimizer_in_force_keeps_its_memory(train: Any) -> None:
    assert train([(5, SetOptimizer("adam", 0.01))]).sha256 == train().sha256


def test_learning_rates_are_set_and_scaled(train: Any) -> None:
    script = [
        (1, SetLearningRate(0.5)),
        (2, ScaleLearningRate(0.5)),
        (2, ScaleLearningRate(0.5)),
        (3, ScaleLearningRate(2)),
    ]
    ran = train(script)
    assert changes(ran) == [
        (1, "learning_rate", 0.01, 0.5),
        (2, "learning_rate", 0.5, 0.25),
        (2, "learning_rate", 0.25, 0.125),
        (3, "learning_rate", 0.125, 0.25),
    ]
    assert ran.trainer.state.settings.learning_rate == 0.25


def test_a_learning_rate_set_at_once_is_the_one_configured(train: Any) -> None:
    assert train([(0, SetLearningRate(0.05))]).sha256 == train(learning_rate=0.05).sha256


@pytest.mark.parametrize("option", ["clip_norm", "clip_value"])
def test_clipping_set_at_once_is_the_one_configured(option: str, train: Any) -> None:
    command = SetClipping(**{option.removeprefix("clip_"): 0.01})
    set_later, configured = train([(0, command)]), train(**{option: 0.01})
    assert set_later.sha256 == configured.sha256 != train().sha256
    assert [event.clip_rate for event in configured.all(EpochEnded)] == [1, 1]
    assert [event.clip_rate for event in train().all(EpochEnded)] == [0, 0]


def test_one_way_of_clipping_replaces_the_other(train: Any) -> None:
    ran = train([(1, SetClipping(value=0.5)), (2, SetClipping())], clip_norm=2.0)
    assert changes(ran) == [
        (1, "clip_norm", 2.0, None),
        (1, "clip_value", None, 0.5),
        (2, "clip_value", 0.5, None),
    ]


def test_norms_are_told_as_they_were_before_clipping(train: Any) -> None:
    norms = train(clip_norm=1e-3).all(StepsDone)[0].gradient_norms
    assert norms.min() > 0.01


def test_augmentation_and_batch_size_set_at_once_are_those_configured(train: Any) -> None:
    elastic = train(augment="elastic").sha256
    assert train([(0, SetAugmentation("elastic"))]).sha256 == elastic != train().sha256
    assert train([(0, SetBatchSize(50))]).sha256 == train(batch_size=50).sha256 != train().sha256


def test_a_batch_size_changed_mid_epoch_goes_on_where_the_epoch_was(train: Any) -> None:
    ran = train([(3, SetBatchSize(100)), (5, SetBatchSize(1000))])
    positions = np.concatenate([event.positions for event in ran.all(StepsDone)])
    # Three of 32, one of 100, the rest of the first epoch; then all in one step.
    expected = [32 / 230, 64 / 230, 96 / 230, 196 / 230, 1, 2]
    np.testing.assert_allclose(positions, expected, rtol=1e-12)
    assert sum(event.images for event in ran.all(StepsDone)) == 460


def test_epochs_can_be_added_on_the_way(train: Any) -> None:
    ran = train([(3, AddEpochs(2))])
    assert changes(ran) == [(3, "epochs", 2, 4)]
    assert ran.ended.epochs == 4
    constant = train([(3, AddEpochs(2))], schedule="constant")
    assert constant.sha256 == train(epochs=4, schedule="constant").sha256


def test_epochs_added_after_the_finish_train_on(train: Any) -> None:
    script = [(PAUSED, AddEpochs(1)), (PAUSED, Stop())]
    ran = train(script, interactive=True, schedule="constant")
    assert ran.sha256 == train(epochs=3, schedule="constant").sha256
    assert [(event.step, event.reason) for event in ran.all(Paused)] == [
        (16, "finished"),
        (24, "finished"),
    ]
    assert [event.step for event in ran.all(Resumed)] == [16]
    assert (ran.ended.reason, ran.ended.epochs) == ("finished", 3)


@pytest.mark.parametrize("command", [Resume(), StepBatch(), StepEpoch()])
def test_a_finished_run_needs_epochs_before_it_goes_on(command: Command, train: Any) -> None:
    script = [(PAUSED, command), (PAUSED, AddEpochs(1)), (PAUSED, Stop())]
    ran = train(script, interactive=True)
    assert len(ran.all(Refused)) == 1
    assert ran.ended.epochs == 3
    # What was refused is forgotten: the added epoch is trained without a stop.
    assert [event.reason for event in ran.all(Paused)] == ["finished", "finished"]


REFUSED: list[tuple[Command, str]] = [
    (SetOptimizer("tiger"), "optimizer"),
    (SetOptimizer("sgd", -1), "learning_rate"),
    (SetOptimizer("sgd", math.nan), "learning_rate"),
    (SetLearningRate(0), "learning_rate"),
    (SetLearningRate(-0.1), "learning_rate"),
    (SetLearningRate(math.inf), "learning_rate"),
    (ScaleLearningRate(0), "learning_rate"),
    (ScaleLearningRate(math.nan), "learning_rate"),
    (ScaleLearningRate(1e308 * 10), "learning_rate"),
    (SetClipping(norm=0), "clip_norm"),
    (SetClipping(value=-1), "clip_value"),
    (SetClipping(norm=1, value=1), "clip_value"),
    (SetAugmentation("flip"), "augment"),
    (SetBatchSize(0), "batch_size"),
    (SetBatchSize(10**6), "batch_size"),
    (AddEpochs(-3), "epochs"),
    (AddEpochs(10**9), "epochs"),
    (SwitchOff(0, (1,)), "switched_off"),
    (SwitchOff(2, (1,)), "switched_off"),  # the output layer
    (SwitchOff(1, (3, 8)), "switched_off"),
    (SwitchOff(1, (-1,)), "switched_off"),
    (SwitchOff(1, tuple(range(8))), "switched_off"),
    (SwitchOn(1, (8,)), "switched_off"),
    (SwitchOn(3, (0,)), "switched_off"),
    (Prune(1.0), "pruned"),
    (Prune(-0.1), "pruned"),
    (Prune(math.nan), "pruned"),
]


@pytest.mark.parametrize(("command", "option"), REFUSED, ids=str)
def test_an_impossible_command_is_refused_and_changes_nothing(
    command: Command, option: str, train: Any
) -> None:
    ran = train([(3, command)], clip_norm=5.0)
    (refused,) = ran.all(Refused)
    assert refused.step == 3
    assert refused.message.startswith(f"{NAMES[option]}: ")
    assert ran.all(SettingChanged) == []
    assert ran.sha256 == train(clip_norm=5.0).sha256


def test_events_show_the_settings_that_are_in_force(train: Any) -> None:
    ran = train([(1, SetOptimizer("sgd")), (2, SetAugmentation("none"))])
    (started,) = ran.all(RunStarted)
    settings = [started.settings, *(event.settings for event in ran.all(SettingChanged))]
    assert settings[0].optimizer == "adam"
    assert settings[1] == settings[2]  # one command, two settings
    assert settings[-1] == ran.trainer.state.settings
    assert ran.all(EpochEnded)[0].optimizer == "sgd"


def test_asking_for_what_is_in_force_is_no_change(train: Any) -> None:
    same = [SetLearningRate(0.01), SetAugmentation("shift"), SetBatchSize(32), SetClipping()]
    same += [SwitchOn(1, (3,)), SwitchOff(1, ()), Prune(0)]
    ran = train([(3, command) for command in same])
    assert ran.all(SettingChanged) == ran.all(Refused) == []
    assert ran.sha256 == train().sha256


def test_pausing_twice_is_pausing_once_and_resuming_a_running_run_is_nothing(train: Any) -> None:
    ran = train([(2, Resume()), (3, Pause()), (3, Pause()), (3, Resume())])
    assert len(ran.all(Paused)) == len(ran.all(Resumed)) == 1


def test_a_pause_forgets_the_step_that_was_asked_for(train: Any) -> None:
    ran = train([(0, StepEpoch()), (3, Pause()), (3, Resume())])
    assert [event.step for event in ran.all(Paused)] == [3]
    assert ran.ended.reason == "finished"


def test_a_stop_before_the_first_step(train: Any) -> None:
    ran = train([(0, Stop(reason="interrupted"))])
    assert (ran.ended.reason, ran.ended.steps, ran.ended.epochs) == ("interrupted", 0, 0)


def test_inspecting_copies_the_state_and_changes_nothing(train: Any) -> None:
    undisturbed = train([(9, Stop())]).trainer.state
    ran = train([(5, Inspect()), (9, Stop())])
    (inspected,) = ran.all(Inspected)
    there = train([(5, Stop())]).trainer.state
    assert inspected.state.weights_sha256 == there.weights_sha256
    np.testing.assert_array_equal(inspected.state.slots, there.slots)
    assert inspected.network.parameters is inspected.state.parameters
    assert inspected.step == inspected.state.step == 5
    rates = [each.learning_rate for each in train([(6, Stop())]).all(StepsDone)]
    assert inspected.learning_rate == rates[-1]  # of the step that followed
    assert ran.trainer.state.weights_sha256 == undisturbed.weights_sha256
    assert not ran.trainer.state.lineage
