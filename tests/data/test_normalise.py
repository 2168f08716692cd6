from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_tui.data import load_dataset, normalise_digit


@pytest.mark.parametrize("size", [1, 8, 20, 28, 97, 300])
@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 4)])
def test_the_longer_side_fills_the_box_and_the_shape_is_kept(size: int, shape: tuple) -> None:
    ink = np.zeros((5 * size, 5 * size), np.uint8)
    ink[3 : 3 + shape[0] * size, 1 : 1 + shape[1] * size] = 90

    digit = normalise_digit(ink)

    assert digit.cropped.shape == (shape[0] * size, shape[1] * size)
    assert digit.scaled.shape == tuple(20 * side // max(shape) for side in shape)
    assert digit.image.shape == (28, 28)
    assert digit.image.max() == 255


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 60))
def test_the_centre_of_mass_is_where_mnist_has_it(seed: int, height: int, width: int) -> None:
    ink = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)

    image = normalise_digit(ink).image.astype(float)

    if ink.any():
        for axis in (0, 1):
            centre = image.sum(axis=1 - axis) @ np.arange(28) / image.sum()
            assert centre == pytest.approx(14, abs=0.51)  # whole pixels


def test_a_blank_image_stays_blank() -> None:
    assert not normalise_digit(np.zeros((40, 30), np.uint8)).image.any()


@pytest.mark.parametrize("factor", [1, 3, 11])
def test_digits_that_are_normalised_hardly_change(factor: int) -> None:
    digits = load_dataset("sample").test_images[:100].reshape(-1, 28, 28)
    large = digits.repeat(factor, axis=1).repeat(factor, axis=2)

    again = np.stack([normalise_digit(digit).image for digit in large])

    difference = np.abs(again.astype(float) - digits).mean(axis=(1, 2))
    assert np.median(difference) < 6  # a pixel of 784 has 33 of 255 on average
