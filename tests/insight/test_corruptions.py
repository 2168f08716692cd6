"""Corrupted digits, against SciPy where it does the same."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import numpy as np
import pytest
from scipy import ndimage

from digit_tui.data import Dataset
from digit_tui.data.resample import resample_area
from digit_tui.insight import corruptions
from digit_tui.insight.corruptions import (
    CORRUPTIONS,
    MNIST_SIDE,
    STRENGTHS,
    Corruption,
    blocks,
    corrupt,
)

BY_NAME = {each.name: each for each in CORRUPTIONS}
each_corruption = pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda each: each.name)
SIDES = (28, 8, 21)
SUMS = {
    "noise": "83a5a0c2ba56b96c",
    "blur": "48d2211a608f3447",
    "shift": "b070aa21f85b84bf",
    "rotation": "d9758915a35b007a",
    "scale": "0981259bc93bc77c",
    "shear": "11b4cf53b8463b9e",
    "stroke width": "ef3f41978d514614",
    "occlusion": "f9e79d7d7b3a1c3e",
    "contrast": "33daf31634426533",
    "inversion": "79b650c4a5c1bd15",
}
"""The beginning of the SHA-256 of the first 100 digits of the sample at all strengths."""


@pytest.fixture(scope="module", params=SIDES)
def digits(request: pytest.FixtureRequest, sample: Dataset) -> np.ndarray:
    """(60, side, side) test digits."""
    square = sample.test_images[:60].reshape(-1, 28, 28)
    return resample_area(square, request.param)


def corrupted(digits: np.ndarray, name: str, strength: int) -> np.ndarray:
    """(n, side, side)"""
    side = digits.shape[1]
    flat = digits.reshape(len(digits), -1)
    before = flat.copy()
    made = corrupt(flat, side, BY_NAME[name], strength)
    assert np.array_equal(flat, before)
    assert (made.shape, made.dtype) == (flat.shape, np.uint8)
    return made.reshape(digits.shape)


def linear(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The image with `matrix` about its centre; it maps the result to the original."""
    centre = (np.array(image.shape) - 1) / 2
    return ndimage.affine_transform(
        image, matrix, centre - matrix @ centre, order=1, mode="grid-constant"
    )


def moved(image: np.ndarray, down: float, right: float) -> np.ndarray:
    return ndimage.shift(image, (down, right), order=1, mode="grid-constant")


AROUND = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x]


def ways(name: str, image: np.ndarray, level: float) -> Iterator[np.ndarray]:
    """All that may become of an image."""
    pixel = len(image) / MNIST_SIDE
    if name == "blur":
        yield ndimage.gaussian_filter(image, level * pixel, mode="constant")
    if name == "shift":
        for down, right in AROUND:
            yield moved(image, level * pixel * down, level * pixel * right)
    if name == "rotation":
        for degrees in (level, -level):
            yield ndimage.rotate(image, degrees, reshape=False, order=1, mode="grid-constant")
    if name == "scale":
        for factor in (level, 1 / level):
            yield linear(image, np.diag([factor, factor]))
    if name == "shear":
        for slant in (level, -level):
            yield linear(image, np.array([[1, 0], [slant, 1]]))
    if name == "stroke width":
        for part, extreme in ((1, np.maximum), (1 / 3, np.minimum)):
            near = [
                moved(image, *(part * level * pixel * np.array(each) / np.hypot(*each)))
                for each in AROUND
            ]
            yield extreme.reduce([image, *near])


@pytest.mark.parametrize("name", ["blur", "shift", "rotation", "scale", "shear", "stroke width"])
@pytest.mark.parametrize("strength", [1, 4])
def test_each_digit_is_what_scipy_makes_of_it(digits: np.ndarray, name: str, strength: int) -> None:
    level = BY_NAME[name].levels[strength - 1]
    chosen = set()
    for image, found in zip(digits, corrupted(digits, name, strength), strict=True):
        expected = np.stack(list(ways(name, image.astype(np.float64), level)))
        errors = np.abs(expected - found).max(axis=(1, 2))
        assert errors.min() <= 0.5 + 1e-6
        chosen.add(int(errors.argmin()))
    assert chosen == set(range(len(expected)))  # each way is gone by some


def test_noise_is_gaussian_and_that_of_each_digit_its_own() -> None:
    grey = np.full((40, 28, 28), 128, np.uint8)
    for strength, level in enumerate(BY_NAME["noise"].levels[:2], 1):
        noise = corrupted(grey, "noise", strength) - 128.0
        assert abs(noise.mean()) < 1
        assert noise.std() == pytest.approx(255 * level, rel=0.02)
        assert np.abs(noise[0] - noise[1]).mean() > 255 * level
        within = np.mean(np.abs(noise) < 255 * level)
        assert within == pytest.approx(0.683, abs=0.02)
    for full in (0, 255):
        cut = corrupted(np.full((5, 28, 28), full, np.uint8), "noise", 5)
        assert 0.4 < np.mean(cut == full) < 0.6


def test_occlusion_blanks_a_square_in_the_middle(digits: np.ndarray) -> None:
    side = digits.shape[1]
    ink = np.full_like(digits, 200)
    for strength, level in enumerate(BY_NAME["occlusion"].levels, 1):
        size = round(level * side)
        centres = []
        for image in corrupted(ink, "occlusion", strength):
            rows, columns = np.nonzero(image == 0)
            square = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert square.shape == (size, size)
            assert not square.any()
            assert np.count_nonzero(image == 200) == side**2 - size**2
            centres.append((rows.mean() + 0.5, columns.mean() + 0.5))
        assert np.min(centres) >= side / 4 - 1
        assert np.max(centres) <= 3 * side / 4 + 1
        assert len(set(centres)) > 10


def test_contrast_is_lower_about_the_mean(digits: np.ndarray) -> None:
    for strength, level in enumerate(BY_NAME["contrast"].levels, 1):
        exact = digits.astype(np.float64)
        mean = exact.mean(axis=(1, 2), keepdims=True)
        found = corrupted(digits, "contrast", strength)
        assert np.abs(found - (mean + level * (exact - mean))).max() <= 0.5 + 1e-9


def test_inversion_swaps_ink_and_background_from_the_left(digits: np.ndarray) -> None:
    for strength, level in enumerate(BY_NAME["inversion"].levels, 1):
        width = round(level * digits.shape[1])
        found = corrupted(digits, "inversion", strength)
        assert np.array_equal(found[:, :, :width], 255 - digits[:, :, :width])
        assert np.array_equal(found[:, :, width:], digits[:, :, width:])
    assert width == digits.shape[1]


@each_corruption
def test_strength_0_is_the_digit_itself(corruption: Corruption, sample: Dataset) -> None:
    images = sample.test_images[:5]
    assert np.array_equal(corrupt(images, 28, corruption, 0), images)
    for strength in (-1, STRENGTHS + 1):
        with pytest.raises(ValueError, match="the strength is 0 to 5"):
            corrupt(images, 28, corruption, strength)


@each_corruption
def test_each_strength_goes_farther(corruption: Corruption, sample: Dataset) -> None:
    images = sample.test_images[:200].astype(np.int64)
    assert len(corruption.levels) == STRENGTHS
    changes = [
        np.abs(corrupt(images.astype(np.uint8), 28, corruption, strength) - images).mean()
        for strength in range(STRENGTHS + 1)
    ]
    assert changes == sorted(set(changes))


@each_corruption
def test_the_bits_are_always_the_same(corruption: Corruption, sample: Dataset) -> None:
    found = sha256()
    for strength in range(1, STRENGTHS + 1):
        found.update(corrupt(sample.test_images[:100], 28, corruption, strength).tobytes())
    assert found.hexdigest()[:16] == SUMS[corruption.name]


@each_corruption
def test_a_digit_is_corrupted_alike_whichever_follow_it(
    corruption: Corruption, sample: Dataset
) -> None:
    few = sample.test_images[:8]
    assert np.array_equal(
        corrupt(sample.test_images[:30], 28, corruption, 3)[:8], corrupt(few, 28, corruption, 3)
    )


def test_blocks_are_corrupted_in_ways_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corruptions, "BLOCK_PIXELS", 10 * 64)
    assert [each.stop - each.start for each in blocks(25, 8)] == [10, 10, 10]
    noisy = corrupt(np.full((25, 64), 100, np.uint8), 8, BY_NAME["noise"], 1)
    assert len({each.tobytes() for each in noisy}) == 25


@each_corruption
@pytest.mark.parametrize("side", [1, 2, 3, 64])
def test_images_of_any_side(corruption: Corruption, side: int) -> None:
    images = np.random.default_rng(side).integers(0, 256, (7, side * side), np.uint8)
    for strength in range(STRENGTHS + 1):
        made = corrupt(images, side, corruption, strength)
        assert (made.shape, made.dtype) == (images.shape, np.uint8)
    assert corrupt(images[:0], side, corruption, 1).shape == (0, side * side)
