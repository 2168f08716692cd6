"""What goes with a unit, and which weights are the smallest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digit_tui.nn import Network, parameters_of_units, smallest_weights, weight_mask

SIZES = (5, 4, 3, 2)
COUNT = 5 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2


def logits_of(network: Network, inputs: np.ndarray) -> np.ndarray:
    return network.forward(inputs, network.buffers(len(inputs)))


@pytest.mark.parametrize("units", [[(1, 2)], [(2, 0)], [(1, 0), (1, 3), (2, 1)]])
def test_without_its_parameters_a_unit_adds_nothing(units: list[tuple[int, int]]) -> None:
    generator = np.random.default_rng(0)
    network = Network(SIZES, generator.standard_normal(COUNT).astype(np.float32))
    inputs = generator.random((7, 5), np.float32)
    values = inputs
    for number, (weights, biases) in enumerate(network.layers, start=1):
        values = values @ weights + biases
        if number < len(network.layers):
            values = np.maximum(values, 0)
        for layer, unit in units:
            if layer == number:
                values[:, unit] = 0
    mask = parameters_of_units(SIZES, units)
    network.parameters[mask] = 0
    np.testing.assert_allclose(logits_of(network, inputs), values, rtol=1e-5, atol=1e-6)
    # Exactly a unit's weights in, its bias and its weights out.
    fans = {1: 5 + 1 + 3, 2: 4 + 1 + 2}
    shared = sum(one[0] + 1 == other[0] for one in units for other in units)
    assert np.count_nonzero(mask) == sum(fans[layer] for layer, _ in units) - shared


def test_no_units_have_no_parameters() -> None:
    assert not parameters_of_units(SIZES, []).any()


def test_biases_are_no_weights() -> None:
    assert np.flatnonzero(~weight_mask(SIZES)).tolist() == [20, 21, 22, 23, 36, 37, 38, 45, 46]


@given(
    arrays(np.float32, COUNT, elements=st.integers(-4, 4).map(float)),
    st.floats(0, 1),
)
def test_the_smallest_weights_are_those_that_sorting_finds(
    parameters: np.ndarray, share: float
) -> None:
    weights = np.flatnonzero(weight_mask(SIZES))
    order = weights[np.argsort(np.abs(parameters[weights]), kind="stable")]
    expected = sorted(order[: round(share * len(weights))].tolist())
    assert np.flatnonzero(smallest_weights(parameters, SIZES, share)).tolist() == expected


def test_weights_that_are_no_numbers_are_no_error() -> None:
    for value in (np.nan, np.inf):
        parameters = np.full(COUNT, value, np.float32)
        assert smallest_weights(parameters, SIZES, 0.5).shape == (COUNT,)
