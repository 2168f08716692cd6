from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digit_tui.nn import clip, clip_by_global_norm, clip_by_value, global_norm

GRADIENTS = arrays(np.float32, st.integers(1, 50), elements=st.floats(-1e4, 1e4, width=32))
LIMITS = st.floats(1e-3, 1e3)


@given(GRADIENTS, LIMITS)
def test_clipping_by_norm_shortens_and_keeps_the_direction(
    gradient: np.ndarray, limit: float
) -> None:
    before = gradient.copy()
    norm = global_norm(gradient)
    clipped = clip_by_global_norm(gradient, norm, limit)
    assert clipped == (norm > limit)
    if clipped:
        assert global_norm(gradient) <= limit * (1 + 1e-5)
        largest = np.abs(before).argmax()
        scale = gradient[largest] / before[largest]
        np.testing.assert_allclose(gradient, before * scale, rtol=1e-4, atol=1e-30)
    else:
        np.testing.assert_array_equal(gradient, before)


@given(GRADIENTS, LIMITS)
def test_clipping_by_norm_twice_changes_nothing(gradient: np.ndarray, limit: float) -> None:
    clip_by_global_norm(gradient, global_norm(gradient), limit)
    once = gradient.copy()
    clip_by_global_norm(gradient, global_norm(gradient), limit)
    # The 1e-6 in PyTorch's formula may bite once more.
    np.testing.assert_allclose(gradient, once, rtol=1e-6, atol=1e-6)


@given(GRADIENTS, LIMITS)
def test_clipping_by_value_bounds_each_element(gradient: np.ndarray, limit: float) -> None:
    before = gradient.copy()
    clipped = clip_by_value(gradient, limit)
    bound = np.float32(limit)
    assert (np.abs(gradient) <= bound).all()
    inside = np.abs(before) < bound
    np.testing.assert_array_equal(gradient[inside], before[inside])
    np.testing.assert_array_equal(np.sign(gradient), np.sign(before))
    assert clipped == (gradient != before).any()
    once = gradient.copy()
    assert not clip_by_value(gradient, limit)
    np.testing.assert_array_equal(gradient, once)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_clipping_by_norm_does_not_hide_what_is_no_number(bad: float) -> None:
    gradient = np.array([0.5, bad, 2], np.float32)
    norm = global_norm(gradient)
    assert not np.isfinite(norm)
    with np.errstate(invalid="ignore"):
        clip_by_global_norm(gradient, norm, 1.0)
    assert np.isnan(gradient[1])


def test_clipping_by_value_does_not_hide_a_nan() -> None:
    gradient = np.array([0.5, np.nan, 2], np.float32)
    clip_by_value(gradient, 1.0)
    assert np.isnan(gradient[1])
    assert gradient[[0, 2]].tolist() == [0.5, 1]


@given(arrays(np.float32, st.integers(1, 20), elements=st.floats(-(2.0**127), 2.0**127, width=32)))
def test_the_norm_does_not_overflow_before_the_gradient_does(gradient: np.ndarray) -> None:
    exact = np.sqrt(sum(float(value) ** 2 for value in gradient))
    # Below this the squares are subnormal in float32.
    with np.errstate(over="ignore"):  # as the training step does
        assert global_norm(gradient) == pytest.approx(exact, rel=1e-5, abs=1e-18)


def test_settings_say_how_to_clip() -> None:
    gradient = np.array([3.0, -4.0])
    assert not clip(gradient, 5.0, None, None)
    np.testing.assert_array_equal(gradient, [3, -4])
    assert not clip(gradient, 5.0, 6.0, 1.0)  # the norm goes before the value
    np.testing.assert_array_equal(gradient, [3, -4])
    assert clip(gradient, 5.0, 1.0, None)
    np.testing.assert_allclose(gradient, [0.6, -0.8], rtol=1e-6)
    assert clip(gradient, 1.0, None, 0.7)
    np.testing.assert_allclose(gradient, [0.6, -0.7], rtol=1e-6)
    assert not clip(gradient, 1.0, None, 0.7)
