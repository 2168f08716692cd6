from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from digit_tui.insight.next_step import BATCH, next_step
from digit_tui.nn import RULES, Network

SIZES = (6, 5, 4, 3)


def network_and_batch(count: int = 40) -> tuple[Network, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    network = Network(SIZES)
    network.parameters[:] = generator.normal(0, 0.8, len(network.parameters))
    images = generator.integers(0, 256, (count, SIZES[0])).astype(np.uint8)
    return network, images, generator.integers(0, SIZES[-1], count).astype(np.uint8)


def loss_by_hand(parameters: np.ndarray, images: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy in float64, written down without the code under test."""
    values, start = images / 255, 0
    for fan_in, fan_out in ((6, 5), (5, 4), (4, 3)):
        if start:
            values = np.where(values > 0, values, 0)
        middle, end = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
        weights = parameters[start:middle].reshape(fan_in, fan_out)
        values, start = values @ weights + parameters[middle:end], end
    logs = np.logaddexp.reduce(values, axis=1)
    return float(np.mean(logs - values[np.arange(len(labels)), labels]))


def slopes(network: Network, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The gradient by finite differences."""
    parameters, small, found = network.parameters.astype(np.float64), 1e-6, []
    for index in range(len(parameters)):
        either = [parameters.copy(), parameters.copy()]
        either[0][index] += small
        either[1][index] -= small
        above, below = (loss_by_hand(each, images, labels) for each in either)
        found.append((above - below) / (2 * small))
    return np.array(found)


def step(
    network: Network, images: np.ndarray, labels: np.ndarray, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    slots = np.zeros((0, len(network.parameters)), np.float32)
    known = {"optimizer": "sgd", "slots": slots, "slot_steps": 0, "learning_rate": 0.1}
    return next_step(network, images, labels, **known | options)


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    network, images, labels = network_and_batch()
    gradient, _ = step(network, images, labels)
    np.testing.assert_allclose(gradient, slopes(network, images, labels), rtol=1e-3, atol=1e-6)


def test_only_the_first_images_count() -> None:
    network, images, labels = network_and_batch(BATCH + 200)
    gradient, _ = step(network, images, labels)
    first, _ = step(network, images[:BATCH], labels[:BATCH])
    np.testing.assert_array_equal(gradient, first)
    other, _ = step(network, images[200:], labels[200:])
    assert not np.array_equal(gradient, other)


def test_the_update_of_sgd() -> None:
    network, images, labels = network_and_batch()
    gradient, update = step(network, images, labels, learning_rate=0.5)
    np.testing.assert_allclose(update, -0.5 * gradient.astype(np.float64), atol=2e-7)


def test_weight_decay_and_clipping_are_in_the_update_and_not_in_the_gradient() -> None:
    network, images, labels = network_and_batch()
    gradient, _ = step(network, images, labels)
    wide, parameters = gradient.astype(np.float64), network.parameters.astype(np.float64)
    norm = np.sqrt(np.sum(wide**2))

    same, update = step(network, images, labels, weight_decay=0.3, clip_norm=norm / 4)
    np.testing.assert_array_equal(same, gradient)
    np.testing.assert_allclose(update, -0.1 * (wide / 4 + 0.3 * parameters), atol=2e-7)

    limit = float(np.quantile(np.abs(wide), 0.7))
    same, update = step(network, images, labels, clip_value=limit)
    np.testing.assert_array_equal(same, gradient)
    np.testing.assert_allclose(update, -0.1 * np.clip(wide, -limit, limit), atol=2e-7)


def test_the_update_of_adamw_remembers_the_steps_before() -> None:
    """Algorithm 2 of Loshchilov and Hutter (2019), with its moments as they are written there."""
    network, images, labels = network_and_batch()
    count, past = len(network.parameters), 20
    generator = np.random.default_rng(4)
    mean = generator.normal(0, 0.05, count)
    square = generator.uniform(0.001, 0.01, count)
    # The program keeps them without the factors (1 - beta).
    slots = np.stack([mean / (1 - 0.9), square / (1 - 0.999)]).astype(np.float32)
    before = slots.copy(), network.parameters.copy()
    known = {"optimizer": "adamw", "slots": slots, "slot_steps": past, "learning_rate": 0.01}
    gradient, update = step(network, images, labels, weight_decay=0.2, **known)
    mean = 0.9 * mean + 0.1 * gradient
    square = 0.999 * square + 0.001 * gradient.astype(np.float64) ** 2
    corrected = mean / (1 - 0.9 ** (past + 1)), square / (1 - 0.999 ** (past + 1))
    parameters = network.parameters.astype(np.float64)
    wanted = -0.01 * (corrected[0] / (np.sqrt(corrected[1]) + 1e-8) + 0.2 * parameters)
    np.testing.assert_allclose(update, wanted, rtol=1e-3, atol=2e-7)
    np.testing.assert_array_equal(slots, before[0])
    np.testing.assert_array_equal(network.parameters, before[1])


@pytest.mark.parametrize("optimizer", RULES)
def test_slots_of_zeros_need_not_be_there(optimizer: str) -> None:
    network, images, labels = network_and_batch()
    there = np.zeros((RULES[optimizer].slots, len(network.parameters)), np.float32)
    _, update = step(network, images, labels, optimizer=optimizer)
    _, same = step(network, images, labels, optimizer=optimizer, slots=there)
    np.testing.assert_array_equal(update, same)
    assert np.abs(update).max() > 0


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("clipping", [{}, {"clip_norm": 1.0}, {"clip_value": 1.0}])
def test_a_network_that_diverged_has_a_step(
    diverged: Network, optimizer: str, clipping: dict[str, float]
) -> None:
    images, labels = np.full((4, 784), 255, np.uint8), np.zeros(4, np.uint8)
    gradient, update = step(diverged, images, labels, optimizer=optimizer, **clipping)
    assert np.isnan(gradient).all()
    assert np.isnan(update).all()
