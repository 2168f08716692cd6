"""The newer rules against trajectories of their authors' code; see make_optimizer_oracle.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digit_tui.nn import RULES, Hyperparameters, Network, cut, update
from digit_tui.nn.network import layer_views, parameter_count
from digit_tui.nn.optimizer import Optimizer
from digit_tui.nn.optimizers.muon import ADAM_SHARE, orthogonalise

ORACLE = json.loads((Path(__file__).parent / "new_optimizers.json").read_text(encoding="utf-8"))
CASES = ORACLE["cases"]
VECTORS = [name for name in CASES if CASES[name]["rule"] != "muon"]
MATRICES = [name for name in CASES if CASES[name]["rule"] == "muon"]
OLDER = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")  # see test_optimizers.py
PRECISIONS = [(np.float64, 1e-10), (np.float32, 2e-5)]


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("case", VECTORS)
def test_trajectories_are_the_authors(case: str, dtype: Any, tolerance: float) -> None:
    told = CASES[case]
    rule = RULES[told["rule"]]
    parameters = np.array(told["start"], dtype)
    slots = np.zeros((rule.slots, len(parameters)), dtype)
    hyper = Hyperparameters(weight_decay=told["weight_decay"])
    shown, scalars = 0, ()
    if rule.step_size is not None and dtype == np.float32:
        # Its first steps are of the size of a rounding error, by which the authors' program in
        # float32 is as far off at the end: 0.0013 to 0.025 in these cases.
        tolerance = 0.03
    for step, (gradient, rate) in enumerate(
        zip(told["gradients"], told["rates"], strict=True), start=1
    ):
        blocks = cut(parameters, np.array(gradient, dtype), slots, np.empty_like(parameters))
        scalars = update(rule, blocks, step, rate, hyper, scalars)
        if str(step) in told["parameters"]:
            shown += 1
            expected = told["parameters"][str(step)]
            np.testing.assert_allclose(parameters, expected, rtol=tolerance, atol=tolerance)
            if rule.evaluated is not None:
                found, expected = slots[rule.evaluated], told["evaluated"][str(step)]
                np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
            if rule.step_size is not None:
                assert scalars[rule.step_size] == pytest.approx(told["d"][str(step)], rel=tolerance)
    assert shown > 1


def test_there_are_trajectories_of_each_of_the_newer_rules() -> None:
    assert {case["rule"] for case in CASES.values()} == {*RULES} - {*OLDER}


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 5e-4)])
@pytest.mark.parametrize("case", MATRICES)
def test_a_hidden_matrix_goes_the_authors_way(case: str, dtype: Any, tolerance: float) -> None:
    told = CASES[case]
    fan_out, fan_in = told["shape"]  # as PyTorch has it
    network = Network((fan_in, fan_out, 2), dtype=dtype)
    weights, biases = network.layers[0]
    weights[...] = np.reshape(told["start"], told["shape"]).T
    gradient = np.zeros(len(network.parameters), dtype)
    optimizer = Optimizer("muon", network, gradient, told["weight_decay"])
    shown = 0
    for step, (values, rate) in enumerate(
        zip(told["gradients"], told["rates"], strict=True), start=1
    ):
        gradient[:] = 0
        layer_views(gradient, network.sizes)[0].weights[...] = np.reshape(values, told["shape"]).T
        optimizer.step(rate)
        if str(step) in told["parameters"]:
            shown += 1
            expected = np.reshape(told["parameters"][str(step)], told["shape"]).T
            np.testing.assert_allclose(weights, expected, rtol=tolerance, atol=tolerance)
    assert shown > 1
    assert not biases.any()


def test_what_is_of_no_hidden_matrix_is_left_to_adamw() -> None:
    generator = np.random.default_rng(1)
    sizes = (5, 4, 3, 2)
    start = generator.normal(size=parameter_count(sizes))
    by_muon, by_adamw = Network(sizes, start.copy()), Network(sizes, start.copy())
    spent = [np.zeros(len(start)) for _ in range(2)]
    muon = Optimizer("muon", by_muon, spent[0], 0.1)
    adamw = Optimizer("adamw", by_adamw, spent[1], 0.1)
    for _ in range(3):
        spent[0][:] = spent[1][:] = generator.normal(size=len(start))
        muon.step(0.02)
        adamw.step(0.02 * ADAM_SHARE)
    for layer, (one, other) in enumerate(zip(by_muon.layers, by_adamw.layers, strict=True)):
        np.testing.assert_allclose(one.biases, other.biases, rtol=1e-12)
        assert np.allclose(one.weights, other.weights) == (layer != 1)


@pytest.mark.parametrize("shape", [(30, 7), (7, 30), (12, 12)])
def test_orthogonalised_singular_values_are_about_1(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(2).normal(size=shape)
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    orthogonalise(matrix)
    values = np.diag(left.T @ matrix @ right.T)
    assert 0.5 < values.min() < values.max() < 1.3
