"""The units of a layer, against plain float64 loops and numerical differentiation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.rarely import rarely

from digit_tui.data import Dataset
from digit_tui.insight.units import (
    evaluate_without,
    layer_activations,
    layer_units,
    without_units,
)
from digit_tui.nn import GradientPass, Network, evaluate
from digit_tui.nn.metrics import CHUNK

MakeNetwork = Callable[..., Network]


def outputs_of(network: Network, inputs: np.ndarray, start: int = 0) -> list[np.ndarray]:
    """What comes out of each layer after `start`, whose outputs are (n, width)."""
    outputs = []
    for index, (weights, biases) in list(enumerate(network.layers, start=1))[start:]:
        inputs = inputs @ weights.astype(np.float64) + biases
        if index < len(network.layers):
            inputs = np.where(inputs > 0, inputs, 0)
        outputs.append(inputs)
    return outputs


def loss_of(logits: np.ndarray, label: int) -> float:
    return float(np.log(np.exp(logits).sum()) - logits[label])


def digits(count: int, pixels: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    images = generator.integers(0, 256, (count, pixels), np.uint8)
    return images, generator.integers(0, classes, count).astype(np.uint8)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_activations_means_and_activity(sample: Dataset, layer: int) -> None:
    network = Network((784, 30, 20, 10))
    network.initialize(np.random.default_rng(3))
    images, labels = sample.train_images[: 2 * CHUNK + 7], sample.train_labels[: 2 * CHUNK + 7]
    expected = outputs_of(network, images / 255)[layer - 1]
    found = layer_units(network, images, labels, layer)
    assert found.layer == layer
    assert found.activations.dtype == np.float32
    np.testing.assert_allclose(found.activations, expected, atol=2e-5)
    assert np.array_equal(layer_activations(network, images, layer), found.activations)
    means = [expected[labels == each].mean(axis=0) for each in range(10)]
    np.testing.assert_allclose(found.class_means, np.transpose(means), atol=2e-5)
    active = (expected > 0).sum(axis=0) / len(images)
    np.testing.assert_allclose(found.active, active, atol=2 / len(images))


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_importance_is_activation_times_numerical_gradient(
    random_network: MakeNetwork, layer: int
) -> None:
    network, step = random_network(16, 7, 6, 4), 1e-6
    images, labels = digits(30, 16, 4)
    total = np.zeros(network.sizes[layer])
    for image, label in zip(images, labels, strict=True):
        output = outputs_of(network, image / 255)[layer - 1]
        for unit, value in enumerate(output):
            moved = []
            for change in (step, -step):
                near = output.copy()
                near[unit] += change
                logits = [near, *outputs_of(network, near, layer)][-1]
                moved.append(loss_of(logits, label))
            total[unit] += abs(value * (moved[0] - moved[1]) / (2 * step))
    found = layer_units(network, images, labels, layer)
    assert np.count_nonzero(total) > 3
    np.testing.assert_allclose(found.importance, total / 30, rtol=1e-6)


@pytest.mark.parametrize("layer", [1, *rarely(2)])
def test_a_trained_network_can_do_without_the_least_important(sample: Dataset, layer: int) -> None:
    network = Network((784, 60, 30, 10))
    network.initialize(np.random.default_rng(0))
    gradient = GradientPass(network, 100)
    for step in range(120):
        batch = slice(100 * (step % 40), 100 * (step % 40 + 1))
        gradient.run(sample.train_images[batch] / np.float32(255), sample.train_labels[batch])
        network.parameters -= np.float32(0.2) * gradient.gradient
    digits = sample.test_images, sample.test_labels
    order = layer_units(network, *digits, layer).order("importance")
    tenth = len(order) // 10
    before = evaluate(network, *digits).loss
    least = evaluate_without(network, *digits, layer, order[-tenth:]).loss - before
    most = evaluate_without(network, *digits, layer, order[:tenth]).loss - before
    assert most > 0.05
    assert abs(least) < most / 5


def test_the_order_is_of_what_is_asked(random_network: MakeNetwork) -> None:
    network = random_network(16, 7, 4)
    images, labels = digits(30, 16, 4)
    network.layers[0].biases[[2, 5]] = -1e3  # dead
    units = layer_units(network, images, labels, 1)
    assert units.importance[[2, 5]].tolist() == units.active[[2, 5]].tolist() == [0, 0]
    importance, activity = units.order("importance"), units.order("activity", of_class=2)
    assert (np.diff(units.importance[importance]) <= 0).all()
    assert importance[-2:].tolist() == [2, 5]
    assert (np.diff(units.class_means[activity, 2]) <= 0).all()
    assert activity.tolist() != units.order("activity", of_class=3).tolist()
    assert units.order("index").tolist() == list(range(7))


def test_a_class_without_digits_has_no_mean(random_network: MakeNetwork) -> None:
    images, labels = digits(30, 16, 3)
    means = layer_units(random_network(16, 7, 4), images, labels, 1).class_means
    assert np.isnan(means[:, 3]).all()
    assert np.isfinite(means[:, :3]).all()


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_units_that_are_off_give_0(random_network: MakeNetwork, layer: int) -> None:
    network = random_network(16, 7, 6, 4)
    before = network.parameters.copy()
    images, labels = digits(CHUNK + 5, 16, 4)
    output = outputs_of(network, images / 255)[layer - 1]
    output[:, [0, 3]] = 0
    logits = [output, *outputs_of(network, output, layer)][-1]
    found = evaluate_without(network, images, labels, layer, [0, 3])
    losses = [loss_of(row, label) for row, label in zip(logits, labels, strict=True)]
    np.testing.assert_allclose(found.losses, losses, atol=1e-9)
    assert found.predictions.tolist() == logits.argmax(axis=1).tolist()
    off = without_units(network, layer, [0, 3])
    assert not layer_units(off, images, labels, layer).activations[:, [0, 3]].any()
    assert np.array_equal(network.parameters, before)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_a_diverged_network_has_units_all_the_same(diverged: Network, layer: int) -> None:
    labels = np.arange(20).astype(np.uint8) % 10
    units = layer_units(diverged, np.ones((20, 784), np.uint8), labels, layer)
    assert np.isnan(units.importance).all()
    assert not units.active.any()
    assert units.order("importance").tolist() == list(range(diverged.sizes[layer]))
