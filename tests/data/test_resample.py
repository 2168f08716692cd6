from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from digit_tui.data import resample_area


def by_definition(image: np.ndarray, side: int) -> list[list[int]]:
    """Each pixel as the mean over its rectangle, in fractions; halves round up."""
    rows, columns = image.shape

    def shared(source: int, cell: int, pixel: int) -> Fraction:
        extent = Fraction(source, side)
        start, end = cell * extent, (cell + 1) * extent
        return max(Fraction(0), min(end, Fraction(pixel + 1)) - max(start, Fraction(pixel)))

    area = Fraction(rows, side) * Fraction(columns, side)

    def mean(i: int, j: int) -> Fraction:
        total = sum(
            shared(rows, i, r) * shared(columns, j, c) * int(image[r, c])
            for r in range(rows)
            for c in range(columns)
        )
        return total / area

    half = Fraction(1, 2)
    return [[int((mean(i, j) + half) // 1) for j in range(side)] for i in range(side)]


# No deadline: fractions are slow, and that says nothing of the code under test.
@settings(deadline=None, max_examples=40)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5)), st.integers(1, 6)
)
def test_equals_the_definition(image: np.ndarray, side: int) -> None:
    assert resample_area(image[None], side).tolist() == [by_definition(image, side)]


def test_exact_cases() -> None:
    image = np.array([[[0, 100], [200, 255]]], np.uint8)
    assert resample_area(image, 1).tolist() == [[[139]]]  # 138.75
    assert resample_area(image, 4).tolist() == [np.kron(image[0], np.ones((2, 2), int)).tolist()]
    thirds = np.array([[[0, 0, 90], [0, 0, 90], [0, 0, 90]]], np.uint8)
    assert resample_area(thirds, 2).tolist() == [[[0, 60], [0, 60]]]


def test_a_half_rounds_up() -> None:
    assert resample_area(np.array([[[0, 1], [0, 1]]], np.uint8), 1).item() == 1
    assert resample_area(np.array([[[2, 3], [2, 3]]], np.uint8), 1).item() == 3


def test_the_same_side_returns_the_input() -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    assert resample_area(images, 28) is images


def test_25_of_28_keeps_the_mean_and_the_range() -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)
    images[0], images[1] = 0, 255
    result = resample_area(images, 25)
    assert result.shape == (50, 25, 25)
    assert result.dtype == np.uint8
    assert not result[0].any()
    assert (result[1] == 255).all()
    # Rounding moves a pixel by half a level at most, and has no bias.
    difference = result.mean((1, 2)) - images.mean((1, 2))
    assert np.abs(difference).max() < 0.1


def test_the_largest_sums_are_exact() -> None:
    white = np.full((1, 4096, 4095), 255, np.uint8)
    assert (resample_area(white, 7) == 255).all()


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(1).integers(0, 256, (7, 12, 9), np.uint8)
    whole = resample_area(images, 5)
    monkeypatch.setattr("digit_tui.data.resample._CHUNK_PIXELS", 2 * 12 * 9)
    assert np.array_equal(resample_area(images, 5), whole)


def test_refuses_a_side_below_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        resample_area(np.zeros((1, 2, 2), np.uint8), 0)
