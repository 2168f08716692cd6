"""Pruning by magnitude, against the command, and a plain computation that sorts numbers."""

from __future__ import annotations

import numpy as np
import pytest
from support.removal import BOTH
from support.runs import Train, digits_of

from digit_tui.config import RunConfig
from digit_tui.nn import Network
from digit_tui.run.commands import Inspect, Prune, Stop
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.run.pruning import SHARES, prune_by_magnitude
from digit_tui.run.settings import Settings
from digit_tui.run.state import RunState, Vectors

GENERATOR = np.random.default_rng(2)
IMAGES = GENERATOR.integers(0, 256, (50, 16), np.uint8)
LABELS = GENERATOR.integers(0, 4, 50).astype(np.uint8)


@pytest.fixture
def network() -> Network:
    """One of float64 with random weights and biases; few of its units are dead."""
    network = Network((16, 7, 6, 4), dtype=np.float64)
    network.parameters[:] = np.random.default_rng(5).normal(0, 0.3, len(network.parameters))
    for weights, _ in network.layers:
        weights -= weights.mean(axis=0)  # pixels are positive
    return network


def inspected(network: Network) -> Inspected:
    """A run with this network, and no average."""
    vectors = Vectors(network.parameters, None, np.zeros((2, len(network.parameters))))
    state = RunState(vectors, Settings.of(RunConfig()))
    return Inspected(0, 0.0, 0.01, network, state)


@pytest.mark.parametrize("average", [True, False])
def test_it_is_what_the_command_gives(train: Train, average: bool) -> None:
    """Also where a unit is off and weights are pruned, which the command puts back first."""
    digits = digits_of()
    script = [*BOTH, (9, Inspect()), (9, Prune(0.7)), (10, Inspect()), (10, Stop())]
    ran = train(script, dataset=digits, average=average)
    before, after = ran.all(Inspected)
    at = [type(event) for event in ran.events].index(Inspected)
    *_, wanted = (
        event for event in ran.events[at:] if isinstance(event, Evaluated) and event.step == 9
    )
    for found in prune_by_magnitude(before, *digits.split("test"), [0.2, 0.7]):
        same = np.array_equal(found.evaluation.losses, wanted.evaluation.losses)
        assert same == (found.share == 0.7)
    assert before.state.settings.pruned == 0.4 != after.state.settings.pruned == 0.7


def plainly_pruned(network: Network, share: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases of each layer, without this share of all weights."""
    magnitudes = sorted(abs(w) for layer in network.layers for w in layer.weights.ravel().tolist())
    count = round(share * len(magnitudes))
    limit = magnitudes[count] if count < len(magnitudes) else np.inf
    return [(np.where(abs(w) < limit, 0, w), b) for w, b in network.layers]


@pytest.mark.parametrize("share", [*SHARES, 1.0])
def test_the_smallest_weights_go_and_the_biases_stay(network: Network, share: float) -> None:
    (found,) = prune_by_magnitude(inspected(network), IMAGES, LABELS, [share])
    values = IMAGES / 255
    layers = plainly_pruned(network, share)
    for index, (weights, biases) in enumerate(layers, start=1):
        values = values @ weights + biases
        values = np.maximum(values, 0) if index < len(layers) else values
    losses = np.log(np.exp(values).sum(axis=1)) - values[np.arange(50), LABELS]
    assert found.share == share
    np.testing.assert_allclose(found.evaluation.losses, losses, atol=1e-9)
    assert found.evaluation.accuracy == (values.argmax(axis=1) == LABELS).mean()


def test_one_share_after_the_other_without_touching_the_network(network: Network) -> None:
    before = network.parameters.copy()
    shares = []
    for found in prune_by_magnitude(inspected(network), IMAGES, LABELS):
        (alone,) = prune_by_magnitude(inspected(network), IMAGES, LABELS, [found.share])
        assert np.array_equal(alone.evaluation.losses, found.evaluation.losses)
        shares.append(found.share)
    assert shares == [0, *(percent / 100 for percent in range(5, 100, 5))]
    assert np.array_equal(network.parameters, before)


def test_a_diverged_network_is_pruned_all_the_same(network: Network) -> None:
    network.parameters[:] = np.nan
    assert len(list(prune_by_magnitude(inspected(network), IMAGES, LABELS))) == len(SHARES)
