from __future__ import annotations

import numpy as np
import pytest

from digit_tui.insight.histograms import BINS, activations, histogram, layer_histograms
from digit_tui.nn import Network


def counts_by_hand(values: np.ndarray, edges: np.ndarray) -> list[int]:
    """One value after the other, in float64 and without the code under test."""
    counts = [0] * (len(edges) - 1)
    for value in values.astype(np.float64).reshape(-1):
        place = int(np.sum(edges <= value)) - 1
        counts[min(place, len(counts) - 1)] += 1
    return counts


def test_each_value_is_in_one_bin() -> None:
    values = np.random.default_rng(0).normal(0, 2, (50, 30)).astype(np.float32)
    found = histogram(values)
    assert found.edges[0] == values.min()
    assert found.edges[-1] == values.max()
    np.testing.assert_allclose(np.diff(found.edges), np.ptp(values.astype(np.float64)) / BINS)
    assert found.counts.tolist() == counts_by_hand(values, found.edges)
    assert found.counts.sum() == 1_500
    assert found.not_finite == 0


def test_what_is_drawn() -> None:
    found = histogram(np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4]), bins=4)
    assert found.counts.tolist() == [9, 1, 0, 1]
    assert found.centres.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert found.log_counts == pytest.approx([1, np.log10(2), 0, np.log10(2)])


def test_values_that_are_not_finite_are_counted_beside_the_bins() -> None:
    found = histogram(np.array([np.nan, 1, np.inf, 2, -np.inf, 3], np.float32), bins=2)
    assert (found.counts.tolist(), found.not_finite) == ([1, 2], 3)
    assert (found.edges[0], found.edges[-1]) == (1, 3)
    none = histogram(np.full((3, 2), np.nan), bins=2)
    assert (none.counts.tolist(), none.not_finite) == ([0, 0], 6)
    assert np.isfinite(none.edges).all()


@pytest.mark.parametrize(
    "values",
    [
        np.full(7, 0.25),
        np.array([1, np.nextafter(np.float32(1), np.float32(2))], np.float32),
        np.array([-3e38, 3e38], np.float32),
        np.array([0, 1e-45], np.float32),
    ],
    ids=["all the same", "neighbours", "far apart", "denormal"],
)
def test_any_range_has_bins(values: np.ndarray) -> None:
    found = histogram(values)
    assert found.counts.sum() == len(values)
    assert (np.diff(found.edges) > 0).all()


def test_the_histograms_of_a_layer() -> None:
    generator = np.random.default_rng(1)
    network = Network((6, 5, 3))
    network.parameters[:] = generator.normal(0, 1, len(network.parameters))
    gradient = generator.normal(0, 1, len(network.parameters))
    images = generator.integers(0, 256, (1_200, 6)).astype(np.uint8)
    hidden = images / 255 @ network.layers[0].weights + network.layers[0].biases
    hidden = np.where(hidden > 0, hidden, 0)
    logits = hidden @ network.layers[1].weights + network.layers[1].biases
    vector = network.parameters
    wanted = [
        (vector[:30], gradient[:30], hidden),  # without biases
        (vector[35:50], gradient[35:50], logits),
    ]
    for layer, (weights, gradients, outputs) in enumerate(wanted, 1):
        found = layer_histograms(network, images, gradient, layer)
        for own, values in zip(found[:2], (weights, gradients), strict=True):
            assert own.counts.tolist() == counts_by_hand(values, own.edges)
        np.testing.assert_allclose(activations(network, images, layer), outputs, atol=1e-5)
        assert found.activations.counts.sum() == outputs.size
        assert found.activations.edges[[0, -1]] == pytest.approx([outputs.min(), outputs.max()])
        # A float32 output may be on the other side of an edge than the float64 one.
        counts = np.array(counts_by_hand(outputs, found.activations.edges))
        assert np.abs(found.activations.counts - counts).sum() <= 4


def test_a_network_that_diverged_has_histograms(diverged: Network) -> None:
    images = np.full((3, 784), 255, np.uint8)
    found = layer_histograms(diverged, images, diverged.parameters, 2)
    assert [each.not_finite for each in found] == [30, 30, 15]
    assert not any(each.counts.any() for each in found)
