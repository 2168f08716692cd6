"""Steps at rising rates, on a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from digit_tui.nn import RULES, Network, batch_gradient, evaluate
from digit_tui.nn.range_test import range_test

SIZES = (49, 8, 10)
SIDE = 7


@pytest.fixture
def network() -> Network:
    made = Network(SIZES)
    made.initialize(np.random.default_rng(1))
    return made


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (40, 49), dtype=np.uint8)


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 10, 40, dtype=np.uint8)


def tried(network: Network, images: Any, labels: Any, rates: Any, **options: Any) -> list[Any]:
    slots = np.zeros((2, len(network.parameters)), np.float32)
    given = {
        "side": SIDE,
        "batch_size": 16,
        "augment": "none",
        "elastic": 0.25,
        "optimizer": "sgd",
        "slots": slots[: RULES[options.get("optimizer", "sgd")].slots],
        "slot_steps": 0,
    }
    generator = np.random.default_rng(5)
    return list(range_test(network, images, labels, np.array(rates), generator, **given | options))


@pytest.mark.parametrize("optimizer", list(RULES))
@pytest.mark.parametrize("augment", ["none", "elastic"])
def test_nothing_that_it_is_given_changes(
    network: Network, images: Any, labels: Any, optimizer: str, augment: str
) -> None:
    slots = np.full((RULES[optimizer].slots, len(network.parameters)), 0.25, np.float32)
    copies = [each.copy() for each in (network.parameters, slots, images, labels)]
    options = {"optimizer": optimizer, "slots": slots, "slot_steps": 3, "augment": augment}
    tried(network, images, labels, np.geomspace(1e-3, 1, 9), weight_decay=0.1, **options)
    for before, after in zip(copies, (network.parameters, slots, images, labels), strict=True):
        assert np.array_equal(before, after)


def test_the_loss_is_of_the_batch_before_its_step(
    network: Network, images: Any, labels: Any
) -> None:
    """With one batch of all images, the losses are those of gradient descent by hand."""
    found = tried(network, images, labels, [0.1, 0.2, 0.3], batch_size=1_000)
    own = Network(SIZES, network.parameters.astype(np.float64))
    for (loss, before), rate in zip(found, [0.1, 0.2, 0.3], strict=True):
        assert loss == pytest.approx(evaluate(own, images, labels).losses.mean(), rel=1e-5)
        assert before == pytest.approx(evaluate(network, images, labels).losses.mean(), rel=1e-5)
        own.parameters[:] -= rate * batch_gradient(own, images, labels)


def test_the_optimizer_goes_on_from_its_slots(network: Network, images: Any, labels: Any) -> None:
    """A velocity moves the network also where the gradient is next to nothing."""
    velocity = np.zeros((1, len(network.parameters)), np.float32)
    rates = [0.1, 0.1]
    at_rest = tried(network, images, labels, rates, optimizer="momentum", slots=velocity)
    velocity[:] = np.random.default_rng(6).normal(0, 20, velocity.shape)
    moving = tried(network, images, labels, rates, optimizer="momentum", slots=velocity)
    assert at_rest[0] == moving[0]
    assert moving[1].loss > at_rest[1].loss + 1


def test_clipping_and_removed_parameters_hold(network: Network, images: Any, labels: Any) -> None:
    rates = [1.0, 1.0, 1.0]
    free = tried(network, images, labels, rates)
    clipped = tried(network, images, labels, rates, clip_norm=1e-9)
    assert [each.loss for each in clipped] == pytest.approx([each.before for each in clipped])
    assert [each.loss for each in free][1:] != pytest.approx([each.before for each in free][1:])
    everything = np.ones(len(network.parameters), bool)
    still = tried(network, images, labels, rates, removed=everything)
    assert [each.loss for each in still] == pytest.approx([each.before for each in still])


def test_the_same_generator_gives_the_same(network: Network, images: Any, labels: Any) -> None:
    rates = np.geomspace(1e-3, 1e3, 30)
    first, again = (tried(network, images, labels, rates, augment="affine") for _ in range(2))
    assert np.array_equal(np.array(first), np.array(again), equal_nan=True)
    assert len(first) == 30  # however far it diverges
