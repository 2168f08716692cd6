"""The nearest training digits, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from digit_tui.data import Dataset
from digit_tui.insight.neighbours import hidden_features, nearest
from digit_tui.nn import Network
from digit_tui.nn.metrics import CHUNK


def network(*sizes: int) -> Network:
    made = Network(sizes)
    made.initialize(np.random.default_rng(3))
    return made


def test_features_are_the_last_hidden_layer_as_directions(sample: Dataset) -> None:
    net = network(784, 40, 23, 10)
    images = sample.train_images[: 2 * CHUNK + 7]
    hidden = images.astype(np.float64) / 255
    for weights, biases in net.layers[:-1]:
        hidden = np.maximum(hidden @ weights + biases, 0)
    features = hidden_features(net, images)
    assert features.dtype == np.float32
    expected = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    np.testing.assert_allclose(features, expected, atol=2e-6)


def test_a_row_of_zeros_stays_one() -> None:
    net = network(16, 8, 3)
    features = hidden_features(net, np.zeros((3, 16), np.uint8))  # the biases are zero too
    assert not features.any()
    found = nearest(features, features[0], 2)
    assert found.indices.tolist() == [0, 1]
    assert found.distances.tolist() == [1, 1]


def test_huge_activations_have_a_direction() -> None:
    net = network(16, 8, 3)
    images = np.random.default_rng(0).integers(0, 256, (5, 16), np.uint8)
    before = hidden_features(net, images)
    net.parameters *= 1e30
    np.testing.assert_allclose(hidden_features(net, images), before, atol=1e-6)


@pytest.mark.parametrize("count", [1, 5, 4_000])
def test_the_nearest_are_those_of_scikit_learn(sample: Dataset, count: int) -> None:
    net = network(784, 30, 20, 10)
    features = hidden_features(net, sample.train_images)
    queries = hidden_features(net, sample.test_images[:20])
    oracle = NearestNeighbors(n_neighbors=count, metric="cosine", algorithm="brute")
    oracle.fit(features.astype(np.float64))
    distances, _ = oracle.kneighbors(queries.astype(np.float64))
    for query, expected in zip(queries, distances, strict=True):
        found = nearest(features, query, count)
        np.testing.assert_allclose(found.distances, expected, atol=1e-6)
        # Nearly equal distances may change places; the digits named must be that near.
        own = 1 - features[found.indices].astype(np.float64) @ query
        np.testing.assert_allclose(own, expected, atol=1e-6)
        assert len(set(found.indices.tolist())) == count


def test_a_digit_is_nearest_to_itself_and_never_below_zero(sample: Dataset) -> None:
    features = hidden_features(network(784, 30, 10), sample.train_images[:500])
    for digit in range(0, 500, 50):
        found = nearest(features, features[digit], 3)
        assert found.indices[0] == digit
        assert 0 <= found.distances[0] < 1e-6


def test_equally_near_ones_come_in_the_order_of_the_data() -> None:
    features = np.array([[0, 1], [1, 0], [0, 1], [1, 0]], np.float32)
    assert nearest(features, np.array([1, 0], np.float32), 9).indices.tolist() == [1, 3, 0, 2]


def test_a_diverged_network_has_neighbours_all_the_same(diverged: Network) -> None:
    features = hidden_features(diverged, np.ones((7, 784), np.uint8))
    found = nearest(features, features[0], 5)
    assert len(found.indices) == 5
    assert np.isnan(found.distances).all()


def test_what_is_no_number_comes_last() -> None:
    features = np.array([[np.nan, 1], [0, 1], [1, 0]], np.float32)
    assert nearest(features, np.array([1, 0], np.float32), 3).indices.tolist() == [2, 1, 0]
