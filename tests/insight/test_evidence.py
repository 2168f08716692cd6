"""Gradient times input, against numerical differentiation in float64."""

from __future__ import annotations

import numpy as np
import pytest

from digit_tui.insight.evidence import evidence
from digit_tui.nn import Network


def logits(network: Network, inputs: np.ndarray) -> np.ndarray:
    return network.forward(inputs[None], network.buffers(1))[0]


def random_network(*sizes: int) -> Network:
    network = Network(sizes, dtype=np.float64)
    network.parameters[:] = np.random.default_rng(5).normal(0, 0.3, network.parameters.shape)
    return network


@pytest.mark.parametrize("sizes", [(36, 47), (36, 12, 10), (36, 14, 9, 7, 10), (4, 5, 2)], ids=str)
def test_it_is_the_numerical_gradient_times_the_input(sizes: tuple[int, ...]) -> None:
    network = random_network(*sizes)
    image = np.random.default_rng(1).integers(0, 256, sizes[0], np.uint8)
    inputs, step = image / 255, 1e-6
    slopes = np.zeros(sizes[0])
    for pixel in range(sizes[0]):
        moved = np.zeros(sizes[0])
        moved[pixel] = step
        up, down = logits(network, inputs + moved), logits(network, inputs - moved)
        slopes[pixel] = ((up[1] - up[0]) - (down[1] - down[0])) / (2 * step)
    found = evidence(network, image, for_class=1, against_class=0)
    np.testing.assert_allclose(found, slopes * inputs, atol=1e-8)


def test_the_sum_is_the_difference_of_the_logits_without_biases() -> None:
    network = random_network(25, 11, 8, 10)
    for layer in network.layers:
        layer.biases[:] = 0
    image = np.random.default_rng(2).integers(0, 256, 25, np.uint8)
    difference = logits(network, image / 255)
    found = evidence(network, image, 4, 9)
    assert found.sum() == pytest.approx(difference[4] - difference[9], abs=1e-12)


def test_the_classes_are_opposites_and_blank_pixels_say_nothing() -> None:
    network = Network((16, 8, 10))
    network.initialize(np.random.default_rng(0))
    image = np.random.default_rng(3).integers(0, 256, 16, np.uint8)
    image[::3] = 0
    found = evidence(network, image, 2, 7)
    assert found.dtype == np.float32
    assert found.tolist() == (-evidence(network, image, 7, 2)).tolist()
    assert not found[::3].any()
    assert not evidence(network, image, 2, 2).any()


def test_the_network_is_left_as_it_was() -> None:
    network = random_network(16, 4)
    before = network.parameters.copy()
    evidence(network, np.full(16, 200, np.uint8), 0, 1)
    assert np.array_equal(network.parameters, before)


def test_a_diverged_network_has_no_evidence(diverged: Network) -> None:
    found = evidence(diverged, np.full(784, 9, np.uint8), 0, 1)
    assert found.shape == (784,)
