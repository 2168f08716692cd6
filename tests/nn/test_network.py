from __future__ import annotations

import numpy as np
import pytest

from digit_tui.nn import Network, scale_pixels
from digit_tui.nn.network import parameter_count


def test_layers_are_views_into_one_vector_without_gaps() -> None:
    network = Network((4, 3, 2))
    assert len(network.parameters) == parameter_count((4, 3, 2)) == 4 * 3 + 3 + 3 * 2 + 2
    number = 1
    for layer in network.layers:
        for part in layer:
            part[...] = np.arange(number, number + part.size).reshape(part.shape)
            number += part.size
    np.testing.assert_array_equal(network.parameters, np.arange(1, number))


def test_given_parameters_are_used_not_copied() -> None:
    parameters = np.zeros(8)
    network = Network((3, 2), parameters)
    parameters[0] = 5
    assert network.layers[0].weights[0, 0] == 5


@pytest.mark.parametrize("length", [0, 7, 9])
def test_a_vector_that_does_not_fit_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="8 parameters"):
        Network((3, 2), np.zeros(length))


def test_weights_start_as_he_says() -> None:
    network = Network((784, 512, 256, 10))
    network.parameters[...] = 7
    network.initialize(np.random.default_rng(0))
    for weights, biases in network.layers:
        deviation = np.sqrt(2 / len(weights))
        # Four standard errors of a standard deviation and of a mean.
        assert weights.std() == pytest.approx(deviation, rel=4 / np.sqrt(2 * weights.size))
        assert abs(weights.mean()) < 4 * deviation / np.sqrt(weights.size)
        assert not biases.any()


def test_signals_neither_grow_nor_fade_in_a_deep_network() -> None:
    network = Network((200, *[200] * 15, 10))
    network.initialize(np.random.default_rng(3))
    inputs = np.random.default_rng(4).standard_normal((50, 200)).astype(np.float32)
    outputs = network.buffers(50)
    network.forward(inputs, outputs)
    powers = [float(np.mean(output**2)) for output in outputs[:-1]]
    assert 1 / 8 < powers[-1] / powers[0] < 8


def test_initial_weights_depend_on_the_seed_alone() -> None:
    def drawn(seed: int) -> np.ndarray:
        network = Network((9, 5, 3))
        network.initialize(np.random.default_rng(seed))
        return network.parameters

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert (drawn(1) != drawn(2)).any()


def test_pixels_go_from_bytes_to_0_and_1() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 256)
    scaled = scale_pixels(images, np.empty((1, 256), np.float32))
    assert scaled[0, 0] == 0
    assert scaled[0, 255] == 1
    np.testing.assert_allclose(scaled[0], np.arange(256) / 255, rtol=1e-6)


def test_forward_by_hand() -> None:
    # Two inputs, two hidden units, of which one is shut, and two logits.
    network = Network((2, 2, 2), np.array([1.0, -1, 2, -2, 0.5, 0.5, 3, 4, 5, 6, -1, 1]))
    logits = network.forward(np.array([[1.0, 2.0]]), network.buffers(1))
    hidden = [1 + 4 + 0.5, 0.0]
    assert logits.tolist() == [[3 * hidden[0] - 1, 4 * hidden[0] + 1]]
