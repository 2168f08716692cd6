from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_tui.data import Dataset
from digit_tui.nn import AUGMENTATIONS, Deformation, augmentation, deform, draw_deformation
from digit_tui.nn.augmentation import FIELDS

DEFORMING = [name for name in AUGMENTATIONS if name != "none"]


def drawn(name: str, side: int, seed: int = 0) -> Deformation:
    deformation = draw_deformation(name, np.random.default_rng(seed), side)
    assert deformation is not None
    return deformation


def moved_by(rows: float, columns: float, side: int, patch: pytest.MonkeyPatch) -> Deformation:
    """A deformation whose every field looks this many pixels down and to the right."""

    def look(generator: np.random.Generator, count: int, side: int) -> np.ndarray:
        grid = np.indices((side, side)).astype(np.float64)
        return np.tile(grid + np.array([rows, columns])[:, None, None], (count, 1, 1, 1))

    patch.setitem(augmentation.AUGMENTATIONS, "test", look)
    return drawn("test", side)


@pytest.fixture
def patch(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def test_none_deforms_nothing() -> None:
    assert draw_deformation("none", np.random.default_rng(0), 28) is None


@pytest.mark.parametrize("side", [2, 5, 28])
def test_looking_straight_ahead_returns_the_image(side: int, patch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(1).integers(0, 256, (70, side * side), np.uint8)
    np.testing.assert_array_equal(deform(images, moved_by(0, 0, side, patch)), images)


@pytest.mark.parametrize(("rows", "columns"), [(1, 0), (0, -2), (3, 3), (-2, 1)])
def test_a_whole_shift_rolls_an_image_with_a_blank_border(
    rows: int, columns: int, patch: pytest.MonkeyPatch
) -> None:
    images = np.zeros((3, 12, 12), np.uint8)
    images[:, 3:9, 3:9] = np.random.default_rng(2).integers(0, 256, (3, 6, 6))
    result = deform(images.reshape(3, -1), moved_by(rows, columns, 12, patch))
    np.testing.assert_array_equal(
        result.reshape(3, 12, 12), np.roll(images, (-rows, -columns), axis=(1, 2))
    )


@pytest.mark.parametrize(("side", "pixels"), [(28, 1.0), (14, 1.0), (14, 0.5), (56, 2.0)])
def test_elastic_moves_points_by_as_many_pixels_as_asked_for(side: int, pixels: float) -> None:
    seen = augmentation.elastic(np.random.default_rng(3), 200, side, pixels)
    moved = seen - augmentation.elastic(np.random.default_rng(3), 200, side, 1e-9)
    inner = slice(side // 4, -(side // 4))  # beside the edge there is less noise to sum
    assert moved[..., inner, inner].std() == pytest.approx(1.09 * pixels, rel=0.05)


def test_half_a_pixel_blends_the_neighbours(patch: pytest.MonkeyPatch) -> None:
    image = np.array([[0, 101, 200, 50] * 4], np.uint8)
    result = deform(image, moved_by(0, 0.5, 4, patch)).reshape(4, 4)
    assert result[0].tolist() == [51, 151, 125, 50]  # rounded; the last sees the edge


def test_beyond_the_edge_the_edge_is_seen(patch: pytest.MonkeyPatch) -> None:
    image = np.arange(16, dtype=np.uint8).reshape(1, 16)
    result = deform(image, moved_by(-100, 100, 4, patch))
    assert result.tolist() == [[3] * 16]


@pytest.mark.parametrize("side", [2, 3, 25, 28, 64])
@pytest.mark.parametrize("name", DEFORMING)
def test_every_augmentation_works_at_every_side(name: str, side: int) -> None:
    deformation = drawn(name, side)
    assert deformation.corners.shape == deformation.weights.shape == (4, FIELDS, side * side)
    assert 0 <= deformation.corners.min() <= deformation.corners.max() < side * side
    assert (deformation.weights.sum(axis=0, dtype=np.int64) == 256).all()
    # White stays white: the sums neither overflow nor lose a step to rounding.
    white = np.full((FIELDS + 3, side * side), 255, np.uint8)
    result = deform(white, deformation)
    assert result.dtype == np.uint8
    assert (result == 255).all()


@pytest.mark.parametrize("name", DEFORMING)
@given(seed=st.integers(0, 2**32 - 1), side=st.integers(2, 12))
@settings(max_examples=15, deadline=None)
def test_no_pixel_is_brighter_than_the_image(name: str, seed: int, side: int) -> None:
    images = np.random.default_rng(seed).integers(50, 201, (FIELDS, side * side), np.uint8)
    result = deform(images, drawn(name, side, seed))
    assert result.min() >= images.min()
    assert result.max() <= images.max()


@pytest.mark.parametrize("name", DEFORMING)
def test_a_generator_decides_the_fields(name: str) -> None:
    first, again, other = drawn(name, 28, 1), drawn(name, 28, 1), drawn(name, 28, 2)
    np.testing.assert_array_equal(first.weights, again.weights)
    np.testing.assert_array_equal(first.corners, again.corners)
    assert (first.weights != other.weights).any()


@pytest.mark.parametrize("name", DEFORMING)
def test_digits_keep_their_ink_and_place_but_change(name: str, sample: Dataset) -> None:
    images = sample.train_images[:512]
    result = deform(images, drawn(name, 28))
    changed = (result != images).any(axis=1)
    assert changed.mean() > 0.99
    ink = result.sum(dtype=np.int64) / images.sum(dtype=np.int64)
    assert 0.9 < ink < 1.1
    grid = np.indices((28, 28)).reshape(2, -1).T
    before = images.astype(np.float64) @ grid / images.sum(axis=1)[:, None]
    after = result.astype(np.float64) @ grid / result.sum(axis=1)[:, None]
    assert np.abs(after - before).max() < 6  # pixels, about a fifth of the side
    assert np.abs((after - before).mean(axis=0)).max() < 0.5  # to no side on the whole


def test_the_images_of_a_field_are_deformed_alike_and_neighbours_are_not() -> None:
    image = np.random.default_rng(3).integers(0, 256, 784, np.uint8)
    result = deform(np.tile(image, (FIELDS + 2, 1)), drawn("elastic", 28))
    np.testing.assert_array_equal(result[0], result[FIELDS])
    np.testing.assert_array_equal(result[1], result[FIELDS + 1])
    assert len({row.tobytes() for row in result}) == FIELDS


def test_the_original_images_are_not_touched() -> None:
    images = np.random.default_rng(4).integers(0, 256, (5, 784), np.uint8)
    before = images.copy()
    deform(images, drawn("affine", 28))
    np.testing.assert_array_equal(images, before)
