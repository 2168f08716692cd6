from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.Image import Resampling

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
            assert centre == pytest.approx(14, abs=0.3)  # of a few pixels some ink is cut


def test_a_blank_image_stays_blank() -> None:
    assert not normalise_digit(np.zeros((40, 30), np.uint8)).image.any()


def enlarged(digits: np.ndarray, side: int) -> np.ndarray:
    """(n, 28, 28) float64: digits normalised after they were enlarged."""
    large = (Image.fromarray(each).resize((side, side), Resampling.BICUBIC) for each in digits)
    return np.stack([normalise_digit(np.asarray(each)).image for each in large]).astype(np.float64)


def difference(images: np.ndarray, others: np.ndarray) -> float:
    """The median over images of the mean over pixels; such a pixel has 33 of 255 on average."""
    return float(np.median(np.abs(images - others).mean(axis=(1, 2))))


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load_dataset("sample").test_images[:100].reshape(-1, 28, 28)


@pytest.mark.parametrize("side", [28, 84, 308])
def test_digits_that_are_normalised_change_little(digits: np.ndarray, side: int) -> None:
    assert difference(enlarged(digits, side), digits) < 10  # moved by a fraction of a pixel


def test_the_size_of_a_picture_hardly_matters(digits: np.ndarray) -> None:
    small, medium, large = (enlarged(digits, side) for side in (45, 100, 300))
    assert difference(small, large) < 2
    assert difference(medium, large) < 0.5
