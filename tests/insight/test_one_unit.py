"""What is known of one unit, against plain float64 computations."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from digit_tui.insight.one_unit import Connections, pictures_of, unit_facts, unit_to_json
from digit_tui.insight.units import layer_units
from digit_tui.nn import Network

MakeNetwork = Callable[..., Network]
GENERATOR = np.random.default_rng(2)
IMAGES = GENERATOR.integers(0, 256, (40, 16), np.uint8)
LABELS = GENERATOR.integers(0, 4, 40).astype(np.uint8)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_the_numbers_are_those_of_its_layer(random_network: MakeNetwork, layer: int) -> None:
    network = random_network(16, 7, 6, 4)
    units = layer_units(network, IMAGES, LABELS, layer)
    ranks = []
    for unit in range(network.sizes[layer]):
        found = unit_facts(network, units, unit)
        assert (found.layer, found.unit) == (layer, unit)
        assert found.class_means.tolist() == units.class_means[unit].tolist()
        assert (found.active, found.importance) == (units.active[unit], units.importance[unit])
        ranks.append(found.rank)
    by_rank = sorted(range(network.sizes[layer]), key=lambda unit: -units.importance[unit])
    assert [by_rank.index(unit) + 1 for unit in range(len(ranks))] == ranks


def test_nine_digits_excite_it_most(random_network: MakeNetwork) -> None:
    network = random_network(16, 7, 4)
    units = layer_units(network, IMAGES, LABELS, 1)
    found = unit_facts(network, units, 3)
    ranked = sorted(range(40), key=lambda digit: -units.activations[digit, 3])
    assert found.exciting.tolist() == ranked[:9]
    assert found.excitements.tolist() == [units.activations[digit, 3] for digit in ranked[:9]]


def test_a_hidden_unit_is_excited_only_where_it_is_active(random_network: MakeNetwork) -> None:
    network = random_network(16, 7, 4)
    network.layers[0].biases[0] = -1e3
    hidden = unit_facts(network, layer_units(network, IMAGES, LABELS, 1), 0)
    assert len(hidden.exciting) == len(hidden.excitements) == 0
    network.layers[1].biases[0] = -1e3
    output = unit_facts(network, layer_units(network, IMAGES, LABELS, 2), 0)
    assert len(output.exciting) == 9
    assert (output.excitements < 0).all()


def test_the_strongest_connections_come_first(random_network: MakeNetwork) -> None:
    network = random_network(16, 7, 6, 4)
    facts = unit_facts(network, layer_units(network, IMAGES, LABELS, 2), 1)

    def strongest(weights: np.ndarray) -> tuple[list[int], list[float]]:
        ranked = sorted(range(len(weights)), key=lambda index: -abs(weights[index]))[:5]
        return ranked, [weights[index] for index in ranked]

    def told(connections: Connections) -> tuple[list[int], list[float]]:
        return connections.indices.tolist(), connections.weights.tolist()

    assert told(facts.incoming) == strongest(network.layers[1].weights[:, 1])
    assert told(facts.outgoing) == strongest(network.layers[2].weights[1, :])
    network.layers[1].weights[3:, 1] = 0  # pruned
    facts = unit_facts(network, layer_units(network, IMAGES, LABELS, 2), 1)
    assert sorted(facts.incoming.indices) == [0, 1, 2]
    output = unit_facts(network, layer_units(network, IMAGES, LABELS, 3), 1)
    assert told(output.outgoing) == ([], [])


def test_the_picture_is_the_product_of_the_weights(random_network: MakeNetwork) -> None:
    network = random_network(16, 7, 6, 4)
    first, second, third = (layer.weights for layer in network.layers)
    np.testing.assert_array_equal(pictures_of(network, 1, [5])[0], first[:, 5].reshape(4, 4))
    expected = (first @ second)[:, 5].reshape(4, 4)
    np.testing.assert_allclose(pictures_of(network, 2, [5])[0], expected, atol=1e-12)
    expected = (first @ second @ third)[:, 3].reshape(4, 4)
    np.testing.assert_allclose(pictures_of(network, 3, [3])[0], expected, atol=1e-12)


def test_it_is_plain_json(random_network: MakeNetwork) -> None:
    network = random_network(16, 7, 4)
    labels = np.minimum(LABELS, 2)  # no digit of class 3
    facts = unit_facts(network, layer_units(network, IMAGES, labels, 1), 3)
    read = json.loads(json.dumps(unit_to_json(facts), allow_nan=False))
    assert list(read) == list(facts._fields)
    assert read["class_means"] == [*facts.class_means[:3].tolist(), None]
    assert read["picture"] == facts.picture.tolist()
    assert read["incoming"]["indices"] == facts.incoming.indices.tolist()
    assert (read["unit"], read["importance"]) == (3, facts.importance)


def test_a_diverged_network_has_facts_all_the_same(diverged: Network) -> None:
    images, labels = np.ones((20, 784), np.uint8), np.arange(20).astype(np.uint8) % 10
    facts = unit_facts(diverged, layer_units(diverged, images, labels, 2), 4)
    assert facts.rank == 5
    assert len(facts.exciting) == 0
    assert np.isnan(facts.picture).all()
    assert unit_to_json(facts)["importance"] is None
