from __future__ import annotations

import numpy as np
import pytest

from digit_tui.data import Dataset
from digit_tui.nn import Network, batch_gradient, check_gradient
from digit_tui.nn.gradient_check import COUNT, TOLERANCE, mean_change
from digit_tui.nn.network import layer_matrices

SIZES = (784, 32, 16, 10)


def fresh_network(sizes: tuple[int, ...] = SIZES, seed: int = 0) -> Network:
    network = Network(sizes, dtype=np.float64)
    network.initialize(np.random.default_rng(seed))
    return network


def batch(sample: Dataset, count: int = 64) -> tuple[np.ndarray, np.ndarray]:
    return sample.train_images[:count], sample.train_labels[:count]


@pytest.mark.parametrize("sizes", [(784, 10), (784, 1, 10), SIZES, (784, 256, 128, 10)], ids=str)
def test_the_gradient_of_back_propagation_is_right(sample: Dataset, sizes: tuple[int, ...]) -> None:
    network, (images, labels) = fresh_network(sizes), batch(sample)
    before = network.parameters.copy()
    gradient = batch_gradient(network, images, labels)
    checks = check_gradient(network, images, labels, gradient, np.random.default_rng(1))
    assert len(checks) == len(sizes) - 1
    for check, slopes in zip(checks, layer_matrices(gradient, sizes), strict=True):
        assert check.checked == min(COUNT, slopes.size)
        assert check.zero < check.checked
        assert check.passed
        assert check.largest_error < TOLERANCE
        assert check.analytic == slopes[-1 if check.row is None else check.row, check.unit]
        size = abs(check.analytic) + abs(check.numeric)
        assert abs(check.analytic - check.numeric) >= check.largest_error * size * (1 - 1e-9)
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize("factor", [1.01, 0.99, -1.0, 0.0])
@pytest.mark.parametrize("layer", range(3))
def test_a_wrong_gradient_is_found_in_its_layer(sample: Dataset, layer: int, factor: float) -> None:
    network, (images, labels) = fresh_network(), batch(sample)
    gradient = batch_gradient(network, images, labels)
    layer_matrices(gradient, SIZES)[layer][...] *= factor
    checks = check_gradient(network, images, labels, gradient, np.random.default_rng(2))
    assert [each.passed for each in checks] == [number != layer for number in range(3)]
    # |a - n| / (|a| + |n|) for a = factor * n
    wrong = abs(factor - 1) / (abs(factor) + 1)
    assert checks[layer].largest_error == pytest.approx(wrong, rel=1e-3)


def test_biases_are_checked_too() -> None:
    """Of two inputs and a bias for each unit all parameters are drawn."""
    network = fresh_network((2, 3, 2))
    images = np.random.default_rng(3).integers(0, 256, (20, 2)).astype(np.uint8)
    labels = (images[:, 0] > images[:, 1]).astype(np.uint8)
    gradient = batch_gradient(network, images, labels)
    assert all(
        each.passed
        for each in check_gradient(network, images, labels, gradient, np.random.default_rng(0))
    )
    last = layer_matrices(gradient, network.sizes)[1]
    last[3, 1] *= 1.01  # the bias of its second unit
    _, check = check_gradient(network, images, labels, gradient, np.random.default_rng(0))
    assert not check.passed
    assert (check.row, check.unit) == (None, 1)


def test_a_kink_is_no_error() -> None:
    """The unit is at 0 exactly: a slope to the right, none to the left."""
    network = fresh_network((2, 2, 2))
    weights, biases = network.layers[0]
    weights[:, 0] = biases[0] = 0
    images, labels = np.array([[255, 0]], np.uint8), np.array([1], np.uint8)
    gradient = batch_gradient(network, images, labels)
    first, second = check_gradient(network, images, labels, gradient, np.random.default_rng(0))
    assert first.kinks == 2  # its first weight and its bias; the other pixel is blank
    assert first.checked == 4
    assert first.passed
    assert (second.kinks, second.checked) == (0, 6)


def test_where_all_is_kinks_nothing_is_told() -> None:
    network = Network((2, 3, 2), dtype=np.float64)
    images, labels = np.full((4, 2), 255, np.uint8), np.zeros(4, np.uint8)
    gradient = batch_gradient(network, images, labels)
    first, second = check_gradient(network, images, labels, gradient, np.random.default_rng(0))
    assert (first.checked, first.kinks, first.row, first.unit) == (0, 9, None, None)
    assert np.isnan(first.largest_error)
    assert not first.passed
    assert second.passed


def test_a_layer_without_slopes_is_right() -> None:
    network = fresh_network((4, 3, 2))
    network.layers[0].biases[:] = -1_000  # all units are dead
    images, labels = np.full((5, 4), 255, np.uint8), np.zeros(5, np.uint8)
    gradient = batch_gradient(network, images, labels)
    first, second = check_gradient(network, images, labels, gradient, np.random.default_rng(0))
    assert (first.checked, first.zero, first.largest_error) == (15, 15, 0)
    assert second.passed
    assert second.zero == 6  # the weights


@pytest.mark.parametrize("scale", [1e-3, 0.1, 10, 100])
def test_weights_of_any_size(sample: Dataset, scale: float) -> None:
    network, (images, labels) = fresh_network(), batch(sample)
    for weights, biases in network.layers:
        weights *= scale
        biases += 0.1
    gradient = batch_gradient(network, images, labels)
    checks = check_gradient(network, images, labels, gradient, np.random.default_rng(4))
    assert all(each.passed for each in checks)


def test_a_network_that_diverged_does_not_pass(sample: Dataset) -> None:
    network = fresh_network()
    network.parameters[:] = np.nan
    images, labels = batch(sample, 8)
    gradient = batch_gradient(network, images, labels)
    for check in check_gradient(network, images, labels, gradient, np.random.default_rng(0)):
        assert np.isnan(check.largest_error)
        assert not check.passed


def test_a_slope_that_is_no_number_is_told_by_its_place(sample: Dataset) -> None:
    network, (images, labels) = fresh_network((784, 3, 10)), batch(sample)
    gradient = batch_gradient(network, images, labels)
    layer_matrices(gradient, network.sizes)[1][2, 7] = np.nan
    first, second = check_gradient(network, images, labels, gradient, np.random.default_rng(0), 99)
    assert first.passed
    assert second.checked == 40
    assert np.isnan([second.largest_error, second.analytic]).all()
    assert (second.row, second.unit) == (2, 7)
    assert np.isfinite(second.numeric)


def test_the_change_of_the_loss_is_that_of_two_losses() -> None:
    generator = np.random.default_rng(5)
    before, after = generator.normal(0, 3, (2, 30, 7))
    labels = generator.integers(0, 7, 30)

    def loss(logits: np.ndarray) -> float:
        logs = np.log(np.exp(logits).sum(axis=1))
        return float(np.mean(logs - logits[np.arange(30), labels]))

    wanted = loss(after) - loss(before)
    assert mean_change(before, after, labels) == pytest.approx(wanted, rel=1e-12)


def test_a_change_that_two_losses_would_lose() -> None:
    """Of a digit that is nearly certain: the loss is e^-40, and falls by 1 % of that."""
    before, after = np.array([[40.0, 0]]), np.array([[40.01, 0]])
    lost = np.expm1(-0.01) * np.exp(-40.0)
    assert mean_change(before, after, np.array([0])) == pytest.approx(lost, rel=1e-9)
