"""One digit on its way, against plain float64 computations and numerical differentiation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from digit_tui.insight.path import activations, contributions, probabilities_without
from digit_tui.nn import Network

MakeNetwork = Callable[..., Network]
IMAGE = np.random.default_rng(1).integers(0, 256, 36, np.uint8)
SIZES = (36, 14, 9, 7, 10)


def layers_from(network: Network, values: np.ndarray, start: int = 0) -> list[np.ndarray]:
    """What comes out of each layer after `start`, whose outputs are (width,)."""
    outputs = []
    for index, (weights, biases) in list(enumerate(network.layers, start=1))[start:]:
        values = values @ weights + biases
        if index < len(network.layers):
            values = np.where(values > 0, values, 0)
        outputs.append(values)
    return outputs


def test_the_activations_are_those_of_each_layer(random_network: MakeNetwork) -> None:
    network = random_network(*SIZES)
    found, expected = activations(network, IMAGE), layers_from(network, IMAGE / 255)
    assert [len(each) for each in found] == list(SIZES[1:])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_the_sum_is_the_difference_of_the_logits(random_network: MakeNetwork, layer: int) -> None:
    network = random_network(*SIZES)
    logits = layers_from(network, IMAGE / 255)[-1]
    found = contributions(network, IMAGE, layer, for_class=4, against_class=9)
    assert found.difference == pytest.approx(logits[4] - logits[9], abs=1e-12)
    assert found.units.sum() + found.rest == pytest.approx(found.difference, abs=1e-12)
    assert abs(found.rest) > 1e-3


def test_it_is_exact_for_a_network_of_float32_too(random_network: MakeNetwork) -> None:
    network = Network(SIZES, random_network(*SIZES).parameters.astype(np.float32))
    found = contributions(network, IMAGE, 1, 4, 9)
    assert found.units.sum() + found.rest == pytest.approx(found.difference, abs=1e-12)


def test_in_the_last_hidden_layer_it_is_activation_times_weights(
    random_network: MakeNetwork,
) -> None:
    network = random_network(*SIZES)
    weights, biases = network.layers[-1]
    hidden = layers_from(network, IMAGE / 255)[-2]
    found = contributions(network, IMAGE, 3, 4, 9)
    np.testing.assert_allclose(found.units, hidden * (weights[:, 4] - weights[:, 9]), atol=1e-12)
    assert found.rest == pytest.approx(biases[4] - biases[9], abs=1e-12)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_it_is_the_numerical_gradient_times_the_activation(
    random_network: MakeNetwork, layer: int
) -> None:
    network, step = random_network(*SIZES), 1e-6
    output = layers_from(network, IMAGE / 255)[layer - 1]
    expected = []
    for unit, value in enumerate(output):
        differences = []
        for change in (step, -step):
            moved = output.copy()
            moved[unit] += change
            logits = layers_from(network, moved, layer)[-1]
            differences.append(logits[4] - logits[9])
        expected.append(value * (differences[0] - differences[1]) / (2 * step))
    found = contributions(network, IMAGE, layer, 4, 9).units
    np.testing.assert_allclose(found, expected, atol=1e-8)
    assert found.any()


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_the_prediction_without_the_units_that_decide(
    random_network: MakeNetwork, layer: int
) -> None:
    network = random_network(*SIZES)
    before = network.parameters.copy()
    found = contributions(network, IMAGE, layer, 4, 9)
    units = found.deciding(2)
    ranked = sorted(range(SIZES[layer]), key=lambda unit: -found.units[unit])
    assert units.tolist() == [unit for unit in ranked[:2] if found.units[unit] > 0]
    assert len(units)
    output = layers_from(network, IMAGE / 255)[layer - 1]
    output[units] = 0
    logits = layers_from(network, output, layer)[-1]
    expected = np.exp(logits) / np.exp(logits).sum()
    probabilities = probabilities_without(network, IMAGE, layer, units)
    np.testing.assert_allclose(probabilities, expected, atol=1e-12)
    if layer == 3:  # linear from there on
        left = found.difference - found.units[units].sum()
        assert logits[4] - logits[9] == pytest.approx(left, abs=1e-12)
    assert np.array_equal(network.parameters, before)


def test_only_units_that_speak_for_the_class_decide_for_it(random_network: MakeNetwork) -> None:
    found = contributions(random_network(*SIZES), IMAGE, 1, 4, 9)
    deciding = found.deciding(1_000)
    assert set(deciding.tolist()) == set(np.flatnonzero(found.units > 0).tolist())
    assert 0 < len(deciding) < len(found.units)


def test_a_diverged_network_has_a_path_all_the_same(diverged: Network) -> None:
    image = np.full(784, 9, np.uint8)
    assert [len(each) for each in activations(diverged, image)] == [6, 5, 10]
    found = contributions(diverged, image, 1, 4, 9)
    assert np.isnan(found.difference)
    assert len(found.deciding(3)) == 0
    assert np.isnan(probabilities_without(diverged, image, 1, [0])).all()
