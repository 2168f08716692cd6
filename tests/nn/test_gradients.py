from __future__ import annotations

import numpy as np
import pytest

from digit_tui.nn import GradientPass, Network
from digit_tui.nn.inputs import Inputs
from digit_tui.nn.network import parameter_count

SHAPES = [
    (5, 3),
    (6, 4, 3),
    (7, 1, 2),
    (4, 1, 1, 2),
    (9, 8, 7, 6, 5),
    (784, 16, 12, 10),
]


def random_network(sizes: tuple[int, ...], seed: int = 0) -> Network:
    generator = np.random.default_rng(seed)
    parameters = generator.normal(0, 0.5, parameter_count(sizes))
    return Network(sizes, parameters)


def random_batch(sizes: tuple[int, ...], count: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(count)
    return generator.uniform(0, 1, (count, sizes[0])), generator.integers(0, sizes[-1], count)


def loss_by_hand(network: Network, inputs: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy, written down without the code under test."""
    values = inputs
    for index, (weights, biases) in enumerate(network.layers):
        values = np.einsum("ni,io->no", values, weights) + biases
        if index < len(network.layers) - 1:
            values = np.where(values > 0, values, 0)
    logs = np.logaddexp.reduce(values, axis=1)
    return float(np.mean(logs - values[np.arange(len(labels)), labels]))


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_the_gradient_is_the_slope_of_the_loss(sizes: tuple[int, ...], count: int) -> None:
    network = random_network(sizes)
    inputs, labels = random_batch(sizes, count)
    propagation = GradientPass(network, batch_size=count)
    result = propagation.run(inputs, labels)
    assert result.loss == pytest.approx(loss_by_hand(network, inputs, labels), rel=1e-12)

    generator = np.random.default_rng(1)
    total = len(network.parameters)
    # All of a small network; of a large one some of each layer, biases included.
    chosen = np.arange(total) if total < 500 else generator.choice(total, 300, replace=False)
    chosen = np.union1d(chosen, np.arange(total - 20, total)) if total >= 500 else chosen
    slopes, small = [], 1e-6
    for index in chosen:
        kept = network.parameters[index]
        network.parameters[index] = kept + small
        above = loss_by_hand(network, inputs, labels)
        network.parameters[index] = kept - small
        below = loss_by_hand(network, inputs, labels)
        network.parameters[index] = kept
        slopes.append((above - below) / (2 * small))
    np.testing.assert_allclose(propagation.gradient[chosen], slopes, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_short_batch_needs_no_pass_of_its_own(count: int) -> None:
    sizes = (20, 6, 5, 4)
    network = random_network(sizes)
    inputs, labels = random_batch(sizes, count)
    made_to_measure = GradientPass(network, batch_size=count)
    larger = GradientPass(network, batch_size=8)
    larger.run(*random_batch(sizes, 8))  # leaves its traces in the buffers
    assert larger.run(inputs, labels) == made_to_measure.run(inputs, labels)
    np.testing.assert_array_equal(larger.gradient, made_to_measure.gradient)


def test_the_gradient_is_the_mean_over_the_batch() -> None:
    sizes = (10, 7, 3)
    network = random_network(sizes)
    inputs, labels = random_batch(sizes, 6)
    propagation = GradientPass(network, batch_size=6)
    single = []
    for index in range(6):
        propagation.run(inputs[index : index + 1], labels[index : index + 1])
        single.append(propagation.gradient.copy())
    propagation.run(inputs, labels)
    np.testing.assert_allclose(propagation.gradient, np.mean(single, axis=0), rtol=1e-10)


def test_correct_counts_the_largest_logits() -> None:
    network = Network((2, 2), np.array([1.0, 0, 0, 1.0, 0, 0]))  # logits are the inputs
    inputs = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    result = GradientPass(network, batch_size=3).run(inputs, np.array([0, 0, 1]))
    assert result.correct == 2


def test_a_dead_unit_gets_no_gradient() -> None:
    sizes = (4, 3, 2)
    network = random_network(sizes)
    first = network.layers[0]
    first.weights[:, 1] = 0
    first.biases[1] = -1  # never above zero
    inputs, labels = random_batch(sizes, 5)
    propagation = GradientPass(network, batch_size=5)
    propagation.run(inputs, labels)
    gradient = Network(sizes, propagation.gradient).layers
    assert not gradient[0].weights[:, 1].any()
    assert gradient[0].biases[1] == 0
    assert not gradient[1].weights[1].any()
    assert gradient[1].biases.all()


def test_float32_agrees_with_float64() -> None:
    sizes = (784, 32, 10)
    exact = random_network(sizes)
    exact.parameters *= 0.2
    single = Network(sizes, exact.parameters.astype(np.float32))
    inputs, labels = random_batch(sizes, 16)
    passes = GradientPass(exact, 16), GradientPass(single, 16)
    results = [each.run(inputs.astype(each.gradient.dtype), labels) for each in passes]
    assert passes[1].gradient.dtype == np.float32
    assert results[1].loss == pytest.approx(results[0].loss, rel=1e-5)
    np.testing.assert_allclose(passes[1].gradient, passes[0].gradient, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("sizes", [*SHAPES, (36, 7, 5, 4)], ids=str)
def test_a_shard_computes_its_shard_and_nothing_else(sizes: tuple[int, ...], count: int) -> None:
    """Another index may be done with its own by then, and use its room for something else."""
    divided = GradientPass(random_network(sizes), 5, shard_count=count)
    inputs, _ = random_batch(sizes, 5)
    inputs = np.pad(inputs, ((0, 0), (0, 1)), constant_values=1)
    for index, shard in enumerate(divided.shards):
        divided.gradient[:] = np.nan
        divided.shard_pass(5, index).differentiate(Inputs(inputs[:, shard.inputs]))
        computed = np.zeros(len(divided.gradient), np.bool_)
        for span in shard.spans:
            computed[span] = True
        np.testing.assert_array_equal(np.isfinite(divided.gradient), computed)


@pytest.mark.parametrize("count", [2, 3, 7])
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_shards_compute_the_same_gradient(sizes: tuple[int, ...], count: int) -> None:
    network = random_network(sizes)
    inputs, labels = random_batch(sizes, 5)
    whole, divided = GradientPass(network, 8), GradientPass(network, 8, shard_count=count)
    divided.run(*random_batch(sizes, 8))  # leaves rows that the next batch does not use
    expected, result = whole.run(inputs, labels), divided.run(inputs, labels)
    assert result.loss == pytest.approx(expected.loss, rel=1e-12)
    assert result.correct == expected.correct
    np.testing.assert_allclose(divided.gradient, whole.gradient, rtol=1e-11, atol=1e-13)
