"""The alarm that notices when the loss goes up for good."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest
from support.undo import STOP

from digit_tui.run.commands import (
    SetAugmentation,
)
from digit_tui.run.events import (
    Paused,
    Spiked,
)
from digit_tui.training.spike import SpikeAlarm


def learning(steps: int, seed: int, start: float = log(10), end: float = 0.05) -> np.ndarray:
    """Losses of batches: a curve that falls, with noise that falls with it."""
    noise = np.random.default_rng(seed)
    curve = end + (start - end) * np.exp(-np.arange(steps) / 150)
    losses: np.ndarray = curve * noise.lognormal(0, 0.4, steps)
    return losses


def first_ring(alarm: SpikeAlarm, losses: np.ndarray) -> int | None:
    return next((step for step, loss in enumerate(losses) if alarm.rings(float(loss))), None)


@pytest.mark.parametrize("seed", range(20))
def test_no_alarm_while_a_network_learns(seed: int) -> None:
    alarm = SpikeAlarm(10)
    assert first_ring(alarm, learning(3_000, seed)) is None
    # Another deformation of the images, once it has learned: much harder, for a while.
    assert first_ring(alarm, learning(1_000, seed + 100, start=1.5, end=0.3)) is None
    single = learning(1_000, seed, start=0.3)
    single[::100] = 8.0  # single batches that are all wrong
    assert first_ring(alarm, single) is None


@pytest.mark.parametrize("seed", range(5))
def test_no_alarm_for_a_network_that_has_not_learned_yet(seed: int) -> None:
    noise = np.random.default_rng(seed)
    assert first_ring(SpikeAlarm(10), noise.normal(log(10), 0.3, 5_000)) is None
    start = 10 * np.exp(-np.arange(300) / 30) + log(10)  # large weights at first
    assert first_ring(SpikeAlarm(10), start) is None


@pytest.mark.parametrize("classes", [2, 4, 10, 47])
@pytest.mark.parametrize("seed", range(5))
def test_alarm_when_a_network_collapses_to_guessing(seed: int, classes: int) -> None:
    alarm = SpikeAlarm(classes)
    assert first_ring(alarm, learning(1_000, seed, start=log(classes))) is None
    guesses = np.random.default_rng(seed).normal(log(classes), 0.01, 300)
    ring = first_ring(alarm, guesses)
    assert ring is not None
    assert ring < 100


@pytest.mark.parametrize("value", [30.0, 1e3, 1e30])
@pytest.mark.parametrize("learned", [0, 5, 1_000])
def test_alarm_when_the_loss_explodes(learned: int, value: float) -> None:
    alarm = SpikeAlarm(10)
    assert first_ring(alarm, learning(learned, 1)) is None
    ring = first_ring(alarm, np.full(100, value))
    assert ring is not None
    assert ring < 40


def test_what_is_known_rings_no_more_until_something_is_learned_again() -> None:
    alarm = SpikeAlarm(10)
    guesses = np.full(500, log(10))
    first_ring(alarm, learning(1_000, 1))
    assert first_ring(alarm, guesses) is not None
    alarm.disarm()
    assert first_ring(alarm, guesses) is None
    assert first_ring(alarm, np.full(100, 1e4)) is None
    assert not alarm.armed
    assert first_ring(alarm, learning(1_500, 2)) is None
    assert alarm.armed
    assert first_ring(alarm, guesses) is not None


@pytest.mark.parametrize("loss", [0.1, 2.0, 50.0])
def test_after_going_back_the_alarm_knows_the_loss_of_then(loss: float) -> None:
    alarm = SpikeAlarm(10)
    first_ring(alarm, learning(1_000, 1))
    first_ring(alarm, np.full(100, 1e4))
    alarm.restart(loss)
    assert first_ring(alarm, np.full(500, min(loss, 2.0))) is None


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_no_alarm_in_a_normal_run(name: str, train: Any, make_digits: Any) -> None:
    options = {"optimizer": name, "learning_rate": None, "epochs": 20, "interactive": True}
    switch = [(60, SetAugmentation("elastic")), (90, SetAugmentation("affine")), STOP]
    ran = train(switch, dataset=make_digits(classes=10, side=8), **options)
    assert not ran.all(Spiked)
    assert [event.reason for event in ran.all(Paused)] == ["finished"]
