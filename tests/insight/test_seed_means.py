"""Differences between settings that were trained with several seeds."""

from __future__ import annotations

import numpy as np
import pytest

from digit_tui.insight.seed_means import mean_difference
from digit_tui.insight.significance import Comparison


def right(seeds: int, digits: int, accuracy: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((seeds, digits)) < accuracy


def test_with_one_seed_it_is_mcnemar_s() -> None:
    first, second = right(1, 500, 0.9, 1), right(1, 500, 0.93, 2)
    found = mean_difference(first, second)
    gained = int((second & ~first).sum())
    lost = int((first & ~second).sum())
    compared = Comparison(500, gained, lost)
    assert (found.p_value, found.interval) == (compared.p_value, compared.interval)
    assert found.difference == pytest.approx(second.mean() - first.mean())


@pytest.mark.parametrize(("skill", "most"), [(0.0, 1.0), (0.15, 0.98)])
def test_its_interval_covers_the_truth_as_often_as_it_says(skill: float, most: float) -> None:
    """Each digit has a difficulty of its own, which all networks share, and each network a skill.

    Where all have the same skill the interval is wider than it had to be.
    """
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        difficulty = generator.beta(1, 8, 600)
        factors = generator.normal(1, skill, (2, 5, 1)) * [[[1.0]], [[0.8]]]
        first, second = (generator.random((5, 600)) > difficulty * each for each in factors)
        found = mean_difference(first, second)
        truth = 0.2 / 9  # the mean of this distribution is 1/9
        covered += found.interval[0] <= truth <= found.interval[1]
    assert 0.92 <= covered / 400 <= most


def test_what_is_alike_is_noise() -> None:
    first, second = right(3, 800, 0.9, 3), right(3, 800, 0.9, 4)
    assert mean_difference(first, second).is_noise
    assert mean_difference(first, first).p_value == 1
    better = mean_difference(right(3, 800, 0.5, 5), right(3, 800, 0.9, 6))
    assert not better.is_noise
    assert better.interval[0] > 0.3
    with pytest.raises(ValueError, match="800 and 9 digits"):
        mean_difference(first, right(3, 9, 0.9, 1))
