"""The loss of distillation, against its slopes and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from digit_tui.nn import GradientPass, Network, SoftTargets, teacher_outputs
from digit_tui.nn.network import parameter_count

SIZES = (6, 5, 4, 3)
COUNT = 7


def network_of(sizes: tuple[int, ...] = SIZES, seed: int = 0) -> Network:
    generator = np.random.default_rng(seed)
    return Network(sizes, generator.normal(0, 0.7, parameter_count(sizes)))


def logits_of(network: Network, inputs: np.ndarray) -> np.ndarray:
    for index, (weights, biases) in enumerate(network.layers):
        inputs = np.einsum("ni,io->no", inputs, weights) + biases
        if index < len(network.layers) - 1:
            inputs = np.where(inputs > 0, inputs, 0)
    return inputs


INPUTS = np.random.default_rng(1).uniform(0, 1, (COUNT, SIZES[0]))
LABELS = np.random.default_rng(2).integers(0, SIZES[-1], COUNT)
TEACHER = logits_of(network_of(seed=9), INPUTS)


def loss_by_hand(network: Network, temperature: float, weight: float) -> float:
    """(1 - a) CE + a T^2 KL(q_T || p_T), mean of the batch."""
    logits = logits_of(network, INPUTS)
    hard = -log_softmax(logits, axis=1)[np.arange(COUNT), LABELS]
    student = log_softmax(logits / temperature, axis=1)
    teacher = log_softmax(TEACHER / temperature, axis=1)
    divergence = (np.exp(teacher) * (teacher - student)).sum(axis=1)
    return float(np.mean((1 - weight) * hard + weight * temperature**2 * divergence))


def soft(temperature: float, weight: float) -> SoftTargets:
    return SoftTargets(softmax(TEACHER / temperature, axis=1), temperature, weight)


@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize(("temperature", "weight"), [(1, 0.5), (4, 0.9), (0.7, 1), (20, 0.3)])
def test_the_gradient_is_the_slope_of_the_loss(
    temperature: float, weight: float, shards: int
) -> None:
    network = network_of()
    own = GradientPass(network, COUNT, shard_count=shards)
    result = own.run(INPUTS, LABELS, soft(temperature, weight))
    assert result.loss == pytest.approx(loss_by_hand(network, 1, 0))  # of the labels alone
    slopes, small = [], 1e-6
    for index in range(len(network.parameters)):
        kept, ends = network.parameters[index], []
        for moved in (kept - small, kept + small):
            network.parameters[index] = moved
            ends.append(loss_by_hand(network, temperature, weight))
        network.parameters[index] = kept
        slopes.append((ends[1] - ends[0]) / (2 * small))
    np.testing.assert_allclose(own.gradient, slopes, rtol=1e-5, atol=1e-8)


def test_without_weight_the_bits_are_those_of_the_labels_alone() -> None:
    network = Network(SIZES, network_of().parameters.astype(np.float32))
    inputs = INPUTS.astype(np.float32)
    plain, distilled = (GradientPass(network, COUNT) for _ in range(2))
    plain.run(inputs, LABELS)
    chances, temperature, _ = soft(4, 0)
    distilled.run(inputs, LABELS, SoftTargets(chances.astype(np.float32), temperature, 0))
    assert plain.gradient.tobytes() == distilled.gradient.tobytes()


def test_a_network_that_says_what_its_teacher_says_learns_nothing() -> None:
    network = network_of(seed=9)
    own = GradientPass(network, COUNT)
    own.run(INPUTS, LABELS, soft(3, 1))
    np.testing.assert_allclose(own.gradient, 0, atol=1e-12)


def test_a_committee_says_the_mean_of_its_softmaxes() -> None:
    members = [(network_of((6, 4, 3), 1), 4.0), (network_of((6, 5, 3), 2), 6.0)]
    images = np.random.default_rng(0).integers(0, 256, (50, 6), dtype=np.uint8)
    said = np.empty((50, 3))
    teacher_outputs(members, images, said)
    wanted = [softmax(logits_of(each, images / 255) / t, axis=1) for each, t in members]
    assert said == pytest.approx(np.mean(wanted, axis=0))
