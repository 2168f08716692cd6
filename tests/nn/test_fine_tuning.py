"""Fine-tuning: new images are learned, old ones not forgotten, and the seed decides the bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.runs import digits_of

from digit_tui.data import Dataset
from digit_tui.nn import Network, Stopped, evaluate, fine_tune, parameters_of_units
from digit_tui.nn.fine_tuning import _evenly

SIZES = (64, 24, 4)
OLD = digits_of(side=8)
NEW = digits_of(side=8, seed=5)


@pytest.fixture(scope="module")
def network() -> Network:
    """One that knows the old digits."""
    made = Network(SIZES)
    made.initialize(np.random.default_rng(1))
    for seed in range(6):
        made = tuned(made, OLD, seed=seed)
    assert accuracy(made, OLD) > 0.95
    assert accuracy(made, NEW) < 0.5
    return made


def tuned(network: Network, new: Dataset, seed: int = 0, **options: Any) -> Network:
    images, labels = new.train_images[:40], new.train_labels[:40]
    generator = np.random.default_rng(seed)
    old = (OLD.train_images, OLD.train_labels)
    return fine_tune(network, images, labels, *old, 8, generator, **options)


def accuracy(network: Network, dataset: Dataset) -> float:
    return evaluate(network, dataset.test_images, dataset.test_labels).accuracy


def test_it_learns_and_does_not_forget(network: Network) -> None:
    before = network.parameters.copy()
    after = tuned(tuned(tuned(network, NEW), NEW), NEW)
    assert accuracy(after, NEW) > accuracy(network, NEW) + 0.3
    assert accuracy(after, OLD) > accuracy(network, OLD) - 0.05
    np.testing.assert_array_equal(network.parameters, before)  # it is a copy that learns


def test_the_generator_decides_the_bits(network: Network) -> None:
    first, again, other = (tuned(network, NEW, seed).parameters for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


def test_what_is_removed_stays_as_it_is(network: Network) -> None:
    removed = parameters_of_units(SIZES, [(1, 2), (1, 7)])
    without = network.copy()
    without.parameters[removed] = 0
    after = tuned(without, NEW, removed=removed)
    assert not after.parameters[removed].any()
    assert (after.parameters != without.parameters)[~removed].mean() > 0.5


def test_each_image_is_learned_as_often() -> None:
    for count in (1, 5, 12, 700):
        chosen = _evenly(count, 640, np.random.default_rng(0))
        often = np.bincount(chosen, minlength=count)
        assert len(chosen) == 640
        assert often.max() - often.min() <= 1


@pytest.mark.parametrize("after", [0, 1, 5])
def test_it_can_be_given_up(after: int, network: Network) -> None:
    asked, before = iter(range(1_000)), network.parameters.copy()
    with pytest.raises(Stopped):
        tuned(network, NEW, stopping=lambda: next(asked) == after)
    assert next(asked) == after + 1
    np.testing.assert_array_equal(network.parameters, before)
