"""Pruning by magnitude, against a plain computation that sorts Python numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from digit_tui.insight.pruning import SHARES, prune_by_magnitude
from digit_tui.nn import Network

MakeNetwork = Callable[..., Network]
GENERATOR = np.random.default_rng(2)
IMAGES = GENERATOR.integers(0, 256, (50, 16), np.uint8)
LABELS = GENERATOR.integers(0, 4, 50).astype(np.uint8)


def plainly_pruned(network: Network, share: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases of each layer, without this share of all weights."""
    magnitudes = sorted(abs(w) for layer in network.layers for w in layer.weights.ravel().tolist())
    count = round(share * len(magnitudes))
    limit = magnitudes[count] if count < len(magnitudes) else np.inf
    return [(np.where(abs(w) < limit, 0, w), b) for w, b in network.layers]


@pytest.mark.parametrize("share", [*SHARES, 1.0])
def test_the_smallest_weights_go_and_the_biases_stay(
    random_network: MakeNetwork, share: float
) -> None:
    network = random_network(16, 7, 6, 4)
    (found,) = prune_by_magnitude(network, IMAGES, LABELS, [share])
    values = IMAGES / 255
    layers = plainly_pruned(network, share)
    for index, (weights, biases) in enumerate(layers, start=1):
        values = values @ weights + biases
        values = np.maximum(values, 0) if index < len(layers) else values
    losses = np.log(np.exp(values).sum(axis=1)) - values[np.arange(50), LABELS]
    assert found.share == share
    np.testing.assert_allclose(found.evaluation.losses, losses, atol=1e-9)
    assert found.evaluation.accuracy == (values.argmax(axis=1) == LABELS).mean()


def test_one_share_after_the_other_without_touching_the_network(
    random_network: MakeNetwork,
) -> None:
    network = random_network(16, 7, 6, 4)
    before = network.parameters.copy()
    shares = []
    for found in prune_by_magnitude(network, IMAGES, LABELS):
        (alone,) = prune_by_magnitude(network, IMAGES, LABELS, [found.share])
        assert np.array_equal(alone.evaluation.losses, found.evaluation.losses)
        shares.append(found.share)
    assert shares == [0, *(percent / 100 for percent in range(5, 100, 5))]
    assert np.array_equal(network.parameters, before)


def test_a_diverged_network_is_pruned_all_the_same(diverged: Network) -> None:
    images, labels = np.ones((5, 784), np.uint8), np.arange(5).astype(np.uint8)
    assert len(list(prune_by_magnitude(diverged, images, labels))) == len(SHARES)
