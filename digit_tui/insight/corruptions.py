"""Digits made worse in ten ways, each at five strengths, to see how well a network stands it.

After Hendrycks and Dietterich (2019, arXiv:1903.12261), and for digits Mu and Gilmer (2019,
"MNIST-C", arXiv:1906.02337). What is drawn at random comes from streams of its own, keyed by the
corruption and the place of a digit, so that a digit is corrupted alike for every network, whichever
other digits there are; a higher strength goes farther the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.resampling import affine_grid, resample, rotation_grid

Array = NDArray[Any]
Generator = np.random.Generator

SEED = 1906
"""Of all streams."""
STRENGTHS = 5
"""From 1, mild, to 5, where a person still reads most digits. 0 is the digit as it is."""
BLOCK_PIXELS = 1_000 * 28**2
"""Of the digits that are corrupted at once, and share a stream: some 30 MB of working memory."""
MNIST_SIDE = 28
"""Lengths are given for this side, in pixels; for other images they grow with the side."""
COMPASS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]


class Corruption(NamedTuple):
    """One way to make digits worse."""

    name: str
    unit: str
    """What its levels are, for the manual."""
    levels: tuple[float, ...]
    """Of strengths 1 to 5."""
    apply: Callable[[Array, float, Generator], Array]
    """Takes (n, side, side) uint8, a level and a stream; returns new images of that kind."""


def corrupt(images: Array, side: int, corruption: Corruption, strength: int) -> Array:
    """Corrupt images, the first of them as those of any longer array that begins with them.

    Args:
        images: (n, side * side) uint8, 0 background to 255 ink.
        side: in pixels, from 1.
        corruption: one of `CORRUPTIONS`.
        strength: 0 to STRENGTHS.

    Returns:
        (n, side * side) uint8; the images themselves at strength 0.

    Raises:
        ValueError: if the strength is none of these.
    """
    if not 0 <= strength <= STRENGTHS:
        raise ValueError(f"the strength is 0 to {STRENGTHS}, not {strength}")
    if strength == 0:
        return images
    corrupted = np.empty_like(images)
    for number, block in enumerate(blocks(len(images), side)):
        corrupted[block] = corrupt_block(images[block], side, corruption, strength, number)
    return corrupted


def blocks(count: int, side: int) -> list[slice]:
    """The blocks that so many images of a side come in."""
    size = max(BLOCK_PIXELS // side**2, 1)
    return [slice(start, start + size) for start in range(0, count, size)]


def corrupt_block(
    images: Array, side: int, corruption: Corruption, strength: int, number: int
) -> Array:
    """Corrupt the images of one block; see `corrupt`.

    Args:
        images: (n, side * side) uint8, those of one of `blocks`.
        side: in pixels.
        corruption: one of `CORRUPTIONS`.
        strength: 1 to STRENGTHS.
        number: of the block, from 0.
    """
    place = [each.name for each in CORRUPTIONS].index(corruption.name)
    stream = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(place, number)))
    square = images.reshape(-1, side, side)
    level = corruption.levels[strength - 1]
    return corruption.apply(square, level, stream).reshape(images.shape)


def add_noise(images: Array, level: float, generator: Generator) -> Array:
    """Add Gaussian noise with a standard deviation of `level` times full ink to each pixel."""
    noise = generator.standard_normal(images.shape)
    return np.rint(images + 255 * level * noise).clip(0, 255).astype(np.uint8)


def blur(images: Array, level: float, generator: Generator) -> Array:
    """Smooth with a Gaussian whose standard deviation is `level` pixels of 28."""
    side = images.shape[1]
    deviation = level * side / MNIST_SIDE
    radius = min(int(4 * deviation + 0.5), side)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / deviation) ** 2)
    kernel = np.round(kernel / kernel.sum(), 12)  # exponentials differ in their last bits
    smooth = images.astype(np.float64)
    for axis in (1, 2):  # the Gaussian is separable
        width = [(radius, radius) if each == axis else (0, 0) for each in range(3)]
        padded = np.moveaxis(np.pad(smooth, width), axis, 1)
        smooth = np.zeros_like(np.moveaxis(smooth, axis, 1))
        for start, weight in enumerate(kernel):
            smooth += weight * padded[:, start : start + side]
        smooth = np.moveaxis(smooth, 1, axis)
    return np.rint(smooth).clip(0, 255).astype(np.uint8)


def shift(images: Array, level: float, generator: Generator) -> Array:
    """Move each by `level` pixels of 28 down or up, left or right, or both."""
    side = images.shape[1]
    distance = level * side / MNIST_SIDE
    grids = [affine_grid(side, np.eye(2), (distance * y, distance * x)) for y, x in COMPASS]
    return _one_of(images, grids, generator)


def rotate(images: Array, level: float, generator: Generator) -> Array:
    """Turn each by `level` degrees about the centre, to the left or to the right."""
    grids = [rotation_grid(images.shape[1], degrees) for degrees in (level, -level)]
    return _one_of(images, grids, generator)


def scale(images: Array, level: float, generator: Generator) -> Array:
    """Make each `level` times as large, or as small."""
    grids = [affine_grid(images.shape[1], np.eye(2) * factor) for factor in (1 / level, level)]
    return _one_of(images, grids, generator)


def shear(images: Array, level: float, generator: Generator) -> Array:
    """Slant each: a row moves sideways by `level` times its distance from the middle row."""
    grids = [
        affine_grid(images.shape[1], np.array([[1, 0], [slant, 1]])) for slant in (level, -level)
    ]
    return _one_of(images, grids, generator)


def change_strokes(images: Array, level: float, generator: Generator) -> Array:
    """Make strokes thicker, or thinner, by `level` pixels of 28 on each side.

    Grey dilation and erosion (Serra 1982, "Image Analysis and Mathematical Morphology") by a pixel
    and eight around it at that distance, between pixels too. Thinner by a third of it: MNIST's
    strokes are some two pixels wide, and would be gone.
    """
    thicker = _chosen(len(images), 2, generator) == 0
    result = np.empty_like(images)
    for which, extreme, part in ((thicker, np.maximum, 1.0), (~thicker, np.minimum, 1 / 3)):
        if not which.any():
            continue
        distance = part * level * images.shape[1] / MNIST_SIDE
        reached = images[which].copy()
        for y, x in COMPASS:
            away = distance / np.hypot(y, x)
            grid = affine_grid(images.shape[1], np.eye(2), (away * y, away * x))
            extreme(reached, resample(images[which], grid), out=reached)
        result[which] = reached
    return result


def occlude(images: Array, level: float, generator: Generator) -> Array:
    """Blank a square of `level` times the side, somewhere in the middle half of each."""
    side = images.shape[1]
    size = round(level * side)
    centres = side * generator.uniform(0.25, 0.75, (len(images), 2))
    starts = np.rint(centres - size / 2)
    places = np.arange(side)
    down, right = (
        (places >= starts[:, axis, None]) & (places < starts[:, axis, None] + size)
        for axis in (0, 1)
    )
    return np.where(down[:, :, None] & right[:, None, :], np.uint8(0), images)


def lower_contrast(images: Array, level: float, generator: Generator) -> Array:
    """Leave `level` of the distance of each pixel from the mean of its image."""
    area = images[0].size
    kept = round(100 * level)  # in whole numbers, so that nothing is rounded on the way
    mean = images.sum(axis=(1, 2), dtype=np.int64, keepdims=True)  # times the area
    mixed = kept * area * images.astype(np.int64) + (100 - kept) * mean
    rounded: Array = (mixed + 50 * area) // (100 * area)
    return rounded.astype(np.uint8)


def invert(images: Array, level: float, generator: Generator) -> Array:
    """Swap ink and background in the left `level` of each image."""
    inverted = images.copy()
    left = inverted[:, :, : round(level * images.shape[1])]
    np.subtract(255, left, out=left)
    return inverted


def _chosen(count: int, ways: int, generator: Generator) -> Array:
    """(count,) which way each image goes, from 0."""
    return (ways * generator.random(count)).astype(np.intp)


def _one_of(images: Array, grids: Sequence[Array], generator: Generator) -> Array:
    """Resample each image by one of some grids (2, side, side) of coordinates."""
    chosen = _chosen(len(images), len(grids), generator)
    result = np.empty_like(images)
    for number, grid in enumerate(grids):
        which = chosen == number
        result[which] = resample(images[which], grid)
    return result


CORRUPTIONS = (
    Corruption(
        "noise", "standard deviation, of full ink", (0.08, 0.16, 0.24, 0.32, 0.4), add_noise
    ),
    Corruption("blur", "standard deviation, in pixels", (0.5, 0.9, 1.3, 1.7, 2.1), blur),
    Corruption("shift", "pixels", (1, 2, 3, 4, 5), shift),
    Corruption("rotation", "degrees", (9, 18, 27, 36, 45), rotate),
    Corruption("scale", "times as large, or as small", (1.1, 1.2, 1.3, 1.4, 1.5), scale),
    Corruption("shear", "pixels sideways for each of height", (0.15, 0.3, 0.45, 0.6, 0.75), shear),
    Corruption("stroke width", "pixels on each side", (0.3, 0.6, 0.9, 1.2, 1.5), change_strokes),
    Corruption("occlusion", "of the side, blank", (0.1, 0.15, 0.2, 0.25, 0.3), occlude),
    Corruption("contrast", "of it is left", (0.7, 0.5, 0.35, 0.25, 0.15), lower_contrast),
    Corruption("inversion", "of the image", (0.1, 0.25, 0.5, 0.75, 1.0), invert),
)
"""In the order in which they are shown. Lengths in pixels are for a side of 28."""
