from __future__ import annotations

import numpy as np
import pytest

from digit_tui.nn import average_into
from digit_tui.nn.averaging import DECAY


def run(weights: np.ndarray, start: np.ndarray) -> np.ndarray:
    average = start.copy()
    for step, parameters in enumerate(weights, start=1):
        average_into(average, parameters, step, np.full_like(start, np.nan))
    return average


def test_it_is_the_weighted_mean_that_the_decays_give() -> None:
    steps = 60
    generator = np.random.default_rng(0)
    weights, start = generator.normal(size=(steps, 5)), generator.normal(size=5)
    decays = np.array([min(DECAY, (1 + step) / (10 + step)) for step in range(1, steps + 1)])
    # The weights of step t count (1 - d_t) times all later decays; the start counts them all.
    later = np.append(np.cumprod(decays[::-1])[::-1][1:], 1.0)
    expected = ((1 - decays) * later) @ weights + decays.prod() * start
    np.testing.assert_allclose(run(weights, start), expected, rtol=1e-12)


def test_weights_that_rest_are_their_own_average() -> None:
    weights = np.array([1.5, -2.0, 3.25])
    np.testing.assert_array_equal(run(np.tile(weights, (100, 1)), weights), weights)


def test_the_random_start_is_soon_forgotten() -> None:
    average = run(np.zeros((100, 1)), np.ones(1))
    assert 0 < average[0] < 1e-6


def test_the_memory_grows_to_a_thousand_steps() -> None:
    average = np.zeros(1)
    average_into(average, np.ones(1), 10**6, np.empty(1))
    assert average[0] == pytest.approx(1e-3)


def test_parameters_are_not_touched() -> None:
    parameters = np.array([1.0, 2.0])
    average_into(np.zeros(2), parameters, 1, np.empty(2))
    assert parameters.tolist() == [1.0, 2.0]
