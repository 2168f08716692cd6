from __future__ import annotations

import numpy as np
import pytest

from digit_tui.insight.histograms import layer_histograms
from digit_tui.insight.layers import activity, layer_facts, share_words
from digit_tui.nn import Network, parameters_of_units

SIZES = (9, 7, 5, 4)


def random_network(seed: int = 0) -> Network:
    """A small network with biases, one dead and one saturated unit in its first layer."""
    generator = np.random.default_rng(seed)
    network = Network(SIZES)
    network.parameters[:] = generator.normal(0, 0.7, len(network.parameters))
    network.layers[0].biases[:2] = -1_000, 1_000
    return network


def random_images(count: int = 2_500) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, SIZES[0])).astype(np.uint8)


def pieces_of(vector: np.ndarray) -> list[np.ndarray]:
    """A flat vector as one piece for each layer: its weights, then its biases."""
    ends = np.cumsum([9 * 7 + 7, 7 * 5 + 5, 5 * 4 + 4])
    return np.split(vector.astype(np.float64), ends[:-1])


def outputs_by_hand(network: Network, images: np.ndarray) -> list[np.ndarray]:
    """What comes out of each layer, in float64 and without the code under test."""
    values, outputs = images / 255, []
    shapes = [(9, 7), (7, 5), (5, 4)]
    for number, (piece, (fan_in, fan_out)) in enumerate(
        zip(pieces_of(network.parameters), shapes, strict=True)
    ):
        weights, biases = piece[:-fan_out].reshape(fan_in, fan_out), piece[-fan_out:]
        values = np.einsum("ni,io->no", values, weights) + biases
        if number < 2:
            values = np.where(values > 0, values, 0)
        outputs.append(values)
    return outputs


def test_the_facts_are_those_of_float64_arithmetic() -> None:
    network, images = random_network(), random_images()
    generator = np.random.default_rng(2)
    gradient, update = generator.normal(0, 1e-2, (2, len(network.parameters))).astype(np.float32)
    facts = layer_facts(network, images, gradient, update)
    assert [each.shape for each in facts] == [(9, 7), (7, 5), (5, 4)]
    assert [each.parameters for each in facts] == [70, 40, 24]
    vectors = (network.parameters, gradient, update)
    for number, (own, output, *pieces) in enumerate(
        zip(facts, outputs_by_hand(network, images), *map(pieces_of, vectors), strict=True)
    ):
        parameters, gradients, updates = pieces
        weights = parameters[: own.shape[0] * own.shape[1]]
        mean = sum(weights) / len(weights)
        spread = (sum((weights - mean) ** 2) / len(weights)) ** 0.5
        assert own.weight_mean == pytest.approx(mean, rel=1e-6)
        assert own.weight_deviation == pytest.approx(spread, rel=1e-6)
        assert own.gradient_norm == pytest.approx(sum(gradients**2) ** 0.5, rel=1e-5)
        ratio = (sum(updates**2) / sum(parameters**2)) ** 0.5
        assert own.update_ratio == pytest.approx(ratio, rel=1e-5)
        assert own.activation_mean == pytest.approx(output.sum() / output.size, rel=1e-5)
        dead = [not any(column > 0) for column in output.T]
        saturated = [all(column > 0) for column in output.T]
        assert own.dead == (0 if number == 2 else sum(dead) / len(dead))
        assert own.saturated == (0 if number == 2 else sum(saturated) / len(saturated))
    assert facts[0].dead >= 1 / 7
    assert facts[0].saturated >= 1 / 7


def test_the_activity_of_units_is_that_of_all_images() -> None:
    network, images = random_network(), random_images(1_001)  # more than are computed at once
    for found, output in zip(
        activity(network, images), outputs_by_hand(network, images), strict=True
    ):
        np.testing.assert_allclose(found.mean, output.mean(axis=0), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found.least, output.min(axis=0), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.largest, output.max(axis=0), rtol=1e-4, atol=1e-4)


def test_a_single_digit_decides_what_is_dead_and_what_is_saturated() -> None:
    network = Network((2, 3, 2))
    network.layers[0].weights[:] = [[1, 0, -1], [0, 1, -1]]
    network.layers[0].biases[:] = [0, 0.5, 0]
    images = np.zeros((3_000, 2), np.uint8)
    nothing = np.zeros_like(network.parameters)
    (first, _) = layer_facts(network, images, nothing, nothing)
    assert (first.dead, first.saturated) == (2 / 3, 1 / 3)  # exactly 0 is not above 0
    images[2_999, 0] = 1
    (first, _) = layer_facts(network, images, nothing, nothing)
    assert (first.dead, first.saturated) == (1 / 3, 1 / 3)
    network.layers[0].weights[0, 1] = -1
    images[1_500, 0] = 255
    (first, _) = layer_facts(network, images, nothing, nothing)
    assert (first.dead, first.saturated) == (1 / 3, 0)


def test_a_network_that_diverged_has_facts_that_are_no_numbers(diverged: Network) -> None:
    images = np.ones((20, 784), np.uint8)
    *hidden, last = layer_facts(diverged, images, diverged.parameters, diverged.parameters)
    assert len(hidden) == 2
    for each in hidden:
        assert np.isnan(each[2:-1]).all()
    assert (last.dead, last.saturated) == (0, 0)
    assert np.isnan([*last[2:6], last.activation_mean]).all()


def test_one_unit_that_diverged_leaves_the_rest_of_its_layer() -> None:
    network = random_network()
    network.layers[1].weights[0, 0] = np.nan
    nothing = np.zeros_like(network.parameters)
    first, second, _ = layer_facts(network, random_images(10), nothing, nothing)
    assert np.isfinite(first[2:]).all()
    assert np.isnan([second.weight_mean, second.dead, second.saturated]).all()


def test_numbers_that_overflow_are_no_error() -> None:
    network = random_network()
    network.parameters[:] = 3e38
    facts = layer_facts(network, random_images(10), network.parameters, network.parameters)
    assert facts[0].gradient_norm == pytest.approx(3e38 * 70**0.5)
    assert facts[0].update_ratio == 1
    assert facts[-1].activation_mean == np.inf


def test_a_layer_of_zeros_has_no_ratio() -> None:
    network = Network(SIZES)
    images, nothing = random_images(10), np.zeros_like(network.parameters)
    first = layer_facts(network, images, nothing, nothing)[0]
    assert np.isnan(first.update_ratio)
    assert (first.dead, first.saturated, first.weight_deviation) == (1, 0, 0)
    assert layer_facts(network, images, nothing, nothing + 1)[0].update_ratio == np.inf


def test_what_is_removed_does_not_count() -> None:
    network = random_network()
    mask = parameters_of_units(network.sizes, [(1, 0), (1, 2)])
    mask[0] = True
    network.parameters[mask] = 0
    nothing = np.zeros_like(network.parameters)
    images = random_images(50)
    before = layer_facts(network, images, nothing, nothing)
    first, *_ = layer_facts(network, images, nothing, nothing, mask)
    units = network.sizes[1]
    assert first.dead == pytest.approx(before[0].dead - 2 / units)
    kept = network.layers[0].weights[~mask[: network.layers[0].weights.size].reshape(-1, units)]
    assert first.weight_deviation == pytest.approx(kept.std(dtype=np.float64))
    assert first.weight_mean == pytest.approx(kept.mean(dtype=np.float64))
    on = np.maximum(images / 255 @ network.layers[0].weights + network.layers[0].biases, 0)
    on = np.delete(on, [0, 2], axis=1)
    assert first.activation_mean == pytest.approx(on.mean(), rel=1e-5)
    assert first.removed == np.count_nonzero(mask[: first.parameters])
    found = layer_histograms(network, images, nothing, 1, removed=mask)
    assert found.weights.counts.sum() == found.gradients.counts.sum() == kept.size
    assert found.activations.counts.sum() == on.size
    gone = np.ones(len(network.parameters), np.bool_)
    assert layer_facts(network, images, nothing, nothing, gone)[0].dead == 0


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (1e-5, "0.1%"), (0.004, "0.4%"), (0.01, "1%"), (0.416, "42%"), (0.9999, "99.9%")],
)
def test_a_share_is_none_or_all_only_if_it_is(share: float, words: str) -> None:
    assert share_words(share) == words
    assert share_words(1) == "100%"
