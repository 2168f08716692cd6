from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rarely import endurance

from digit_tui.nn import (
    RULES,
    Hyperparameters,
    clip_by_global_norm,
    clip_by_value,
    cut,
    global_norm,
    optimizers,
    update,
)

ORACLE = json.loads((Path(__file__).parent / "optimizers.json").read_text(encoding="utf-8"))


class Run:
    """A rule at work on a vector of its own."""

    def __init__(self, name: str, start: Any, dtype: Any = np.float64, **hyper: float) -> None:
        self.rule = RULES[name]
        self.parameters = np.array(start, dtype)
        self.slots = np.zeros((self.rule.slots, self.parameters.size), dtype)
        self.hyper = Hyperparameters(**hyper)
        self.scalars: tuple[float, ...] = ()
        self.steps = 0

    def step(self, gradients: Any, learning_rate: float) -> np.ndarray:
        self.steps += 1
        gradients = np.array(gradients, self.parameters.dtype)
        room = np.full(min(self.parameters.size, optimizers.LONGEST_BLOCK), np.nan, gradients.dtype)
        blocks = cut(self.parameters, gradients, self.slots, room)
        self.scalars = update(
            self.rule, blocks, self.steps, learning_rate, self.hyper, self.scalars
        )
        return self.parameters


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("case", ORACLE["cases"])
def test_trajectories_are_pytorchs(case: str, dtype: Any, tolerance: float) -> None:
    name = case.split("+")[0]
    hyper = dict(ORACLE["cases"][case]["hyper"])
    rate, clip, threshold = hyper.pop("lr"), hyper.pop("clip", None), hyper.pop("threshold", 0)
    hyper.pop("nesterov", None)
    if "eps" in hyper:
        hyper["epsilon"] = hyper.pop("eps")
    run = Run(name, ORACLE["params_0"], dtype, **hyper)
    clipped = []
    for gradient, expected in zip(
        ORACLE["gradients"], ORACLE["cases"][case]["params"], strict=True
    ):
        gradient = np.array(gradient, dtype)
        if clip == "norm":
            clipped.append(clip_by_global_norm(gradient, global_norm(gradient), threshold))
        elif clip == "value":
            clipped.append(clip_by_value(gradient, threshold))
        run.step(gradient, rate)
        np.testing.assert_allclose(run.parameters, expected, rtol=tolerance / 10, atol=tolerance)
    assert not clip or any(clipped)  # else the case would say nothing about clipping


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("length", [1, 64, 65, 300])
def test_blocks_make_no_difference(name: str, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(length)
    start = generator.normal(size=length).astype(np.float32)
    gradients = generator.normal(size=(3, length)).astype(np.float32)

    def trajectory(block: int) -> Run:
        monkeypatch.setattr(optimizers, "BLOCK", block)
        run = Run(name, start, np.float32, weight_decay=0.1)
        for gradient in gradients:
            run.step(gradient, RULES[name].learning_rate)
        return run

    whole, pieces = trajectory(10_000), trajectory(64)
    # Sums over all parameters are rounded differently.
    tolerance = 1e-4 if RULES[name].measure is not None else 0.0
    np.testing.assert_allclose(pieces.parameters, whole.parameters, rtol=tolerance)
    np.testing.assert_allclose(pieces.slots, whole.slots, rtol=tolerance)
    assert (whole.parameters != start).mean() > 0.9


def test_the_real_block_is_shorter_than_a_common_network() -> None:
    # Else the seam between two blocks would never be used.
    length = 2 * optimizers.BLOCK + 3
    run = Run("adam", np.zeros(length), np.float32)
    run.step(np.ones(length), 0.01)
    np.testing.assert_allclose(run.parameters, -0.01, rtol=1e-5)


RATES = {
    "sgd": 1e-3,
    "momentum": 1e-3,
    "nesterov": 1e-3,
    "rmsprop": 5e-3,
    "adam": 1e-1,
    "adamw": 1e-1,
    "lion": 1e-3,
    "schedulefree": 1e-1,
    "prodigy": 0.03,
    "muon": 2.0,  # there is no matrix: AdamW, at a twentieth
}


def parabola(position: np.ndarray) -> np.ndarray:
    return 2 * (position - [1, -1, 1])


def rosenbrock(position: np.ndarray) -> np.ndarray:
    x, y = position
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


@pytest.mark.parametrize("name", RULES)
def test_every_rule_finds_the_bottom_of_a_parabola(name: str) -> None:
    run = Run(name, [-1.0, 10.0, 1.0])
    for _ in range(12_000):
        run.step(parabola(run.parameters), RATES[name])
    np.testing.assert_allclose(run.parameters, [1, -1, 1], atol=0.01)


@pytest.mark.parametrize("name", ["adam", "prodigy", *endurance(*RULES)])
def test_every_rule_finds_the_end_of_rosenbrocks_valley(name: str) -> None:
    run = Run(name, [-1.0, 1.5])
    for _ in range(12_000):
        run.step(rosenbrock(run.parameters), RATES[name])
    np.testing.assert_allclose(run.parameters, [1, 1], atol=0.03)


@pytest.mark.parametrize("name", RULES)
@given(st.floats(1e-3, 1e3), st.sampled_from([-1, 1]))
@settings(max_examples=20)
def test_the_first_step_goes_against_the_gradient(name: str, size: float, sign: int) -> None:
    run = Run(name, [0.0])
    run.step([sign * size], 0.01)
    assert np.sign(run.parameters[0]) == -sign


@pytest.mark.parametrize("name", RULES)
def test_without_a_gradient_nothing_moves(name: str) -> None:
    run = Run(name, [1.5, -2.5], np.float32)
    for _ in range(3):
        run.step([0, 0], 0.1)
    assert run.parameters.tolist() == [1.5, -2.5]
    assert not run.slots[: run.rule.slots - run.rule.points].any()


@pytest.mark.parametrize(("name", "coasts"), [("sgd", False), ("momentum", True), ("adam", True)])
def test_only_rules_with_a_velocity_coast(name: str, coasts: bool) -> None:
    run = Run(name, [1.0])
    run.step([1.0], 0.01)
    before = run.parameters.copy()
    run.step([0.0], 0.01)
    assert (run.parameters[0] < before[0]) == coasts


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw", "lion"])
def test_adaptive_rules_do_not_care_how_long_the_gradient_is(name: str) -> None:
    # The gradient's scale cancels, save for epsilon.
    generator = np.random.default_rng(5)
    gradients = generator.normal(size=(10, 4)) + 2
    small, large = Run(name, np.zeros(4)), Run(name, np.zeros(4))
    for gradient in gradients:
        small.step(gradient, 0.01)
        large.step(gradient * 1e4, 0.01)
    np.testing.assert_allclose(small.parameters, large.parameters, rtol=1e-6)


@pytest.mark.parametrize("name", RULES)
def test_a_nan_reaches_its_own_parameter_and_no_other(name: str) -> None:
    run = Run(name, [1.0, 1.0], np.float32)
    run.step([np.nan, 0.5], 0.1)
    assert np.isnan(run.parameters[0])
    assert np.isfinite(run.parameters[1])


def test_coupled_decay_is_a_gradient_towards_zero() -> None:
    decaying, helped = Run("momentum", [2.0, -3.0], weight_decay=0.1), Run("momentum", [2.0, -3.0])
    for _ in range(5):
        decaying.step([0.5, 0.5], 0.05)
        helped.step(np.array([0.5, 0.5]) + 0.1 * helped.parameters, 0.05)
    np.testing.assert_allclose(decaying.parameters, helped.parameters, rtol=1e-12)


def test_decoupled_decay_shrinks_weights_whatever_the_gradient_is() -> None:
    run = Run("adamw", [2.0, -3.0], weight_decay=0.5)
    run.step([0, 0], 0.1)
    np.testing.assert_allclose(run.parameters, np.array([2.0, -3.0]) * (1 - 0.1 * 0.5))
    assert not run.slots.any()  # the decay left no trace in the rule's memory


def test_coupled_decay_in_adam_is_scaled_away_as_a_gradient_is() -> None:
    # Loshchilov and Hutter's point: Adam makes the pull the same for weak and strong decay.
    weak, strong = (Run("adam", [2.0], weight_decay=decay) for decay in (0.01, 0.5))
    weak.step([0], 0.1)
    strong.step([0], 0.1)
    np.testing.assert_allclose(weak.parameters, strong.parameters, rtol=1e-5)
    assert weak.parameters[0] == pytest.approx(1.9, rel=1e-5)


def test_adamw_without_decay_is_adam() -> None:
    adam, adamw = Run("adam", [1.0, 2.0]), Run("adamw", [1.0, 2.0])
    for gradient in ([1, -1], [0.5, 3], [2, 2]):
        adam.step(gradient, 0.01)
        adamw.step(gradient, 0.01)
    np.testing.assert_array_equal(adam.parameters, adamw.parameters)


@pytest.mark.parametrize(
    "name", ["adam", *endurance(*(name for name in RULES if RULES[name].slots))]
)
def test_memory_of_a_unit_that_is_dead_does_not_become_denormal(name: str) -> None:
    run = Run(name, np.ones(8), np.float32)
    tiniest = np.finfo(np.float32).tiny
    for step in range(8_000):
        gradient = (
            np.zeros(8) if step else np.array([1e-19, 1e-17, 1e-9, 1e-3, 1.0, 9.0, 0.0, -1.0])
        )
        run.step(gradient, 0.0)
        assert not ((run.slots != 0) & (np.abs(run.slots) < tiniest)).any() or step < 128
    if name != "schedulefree":  # of which the mean square has the longest memory of all
        assert not run.slots[0].any()


# Of what Lion remembers the sign counts, however small it is.
@pytest.mark.parametrize("name", [name for name in RULES if name != "lion"])
def test_memory_that_is_tidied_moves_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    sizes = 10.0 ** generator.uniform(-40, 0, 500)
    gradients = generator.standard_normal((300, 500)) * sizes
    start = generator.standard_normal(500)
    tidied = Run(name, start, np.float32)
    for gradient in gradients:
        tidied.step(gradient, 0.01)
    monkeypatch.setattr(optimizers, "TIDY_STEPS", 10_000)
    kept = Run(name, start, np.float32)
    for gradient in gradients:
        kept.step(gradient, 0.01)
    np.testing.assert_array_equal(tidied.parameters, kept.parameters)
