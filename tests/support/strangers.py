"""Pictures that are no digits, normalised as drawings are: for a score that is to refuse them."""

from __future__ import annotations

import string
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digit_tui.data.normalise import normalise_digit

SIDE = 28
CANVAS = 112
"""Side of what is drawn, before it is scaled down."""

LOOK_ALIKES = "OoDQIiljZzSsbGBgq"
"""Letters that look like digits: 0, 1, 2, 5, 6, 8 and 9."""
LETTERS = "".join(sorted(set(string.ascii_letters) - set(LOOK_ALIKES)))

STROKE_POINTS = (8, 20)
"""Of a scribble; one with fewer may well be a digit."""


def noise(count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, 784) uint8: each pixel uniform."""
    return generator.integers(0, 256, (count, SIDE * SIDE), np.uint8)


def salt_and_pepper(count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, 784) uint8: 5 to 50% of the pixels are ink."""
    shares = generator.uniform(0.05, 0.5, (count, 1))
    return np.where(generator.random((count, SIDE * SIDE)) < shares, 255, 0).astype(np.uint8)


def scribbles(count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, 784) uint8: a pen that goes to and fro."""

    def draw(pen: ImageDraw.ImageDraw) -> None:
        points = generator.uniform(10, CANVAS - 10, (generator.integers(*STROKE_POINTS), 2))
        # Chaikin's corner cutting (1974) makes a curve of the line.
        for _ in range(3):
            ahead = points[1:]
            points = np.stack(
                [0.75 * points[:-1] + 0.25 * ahead, 0.25 * points[:-1] + 0.75 * ahead]
            )
            points = points.transpose(1, 0, 2).reshape(-1, 2)
        width = int(generator.integers(6, 13))
        pen.line([tuple(point) for point in points], fill=255, width=width, joint="curve")

    return _drawn(count, draw)


def blobs(count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, 784) uint8: a filled outline, as of a shoe or a shirt."""

    def draw(pen: ImageDraw.ImageDraw) -> None:
        corners = generator.integers(5, 12)
        angles = np.sort(generator.uniform(0, 2 * np.pi, corners))
        radii = generator.uniform(15, 50, corners)
        points = CANVAS / 2 + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
        pen.polygon([tuple(point) for point in points], fill=int(generator.integers(100, 256)))

    return _drawn(count, draw)


def letters(count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, 784) uint8: LETTERS in turn, see `typed`."""
    return typed(LETTERS, count, generator)


def typed(characters: str, count: int, generator: np.random.Generator) -> np.ndarray:
    """(count, 784) uint8: characters in turn in Pillow's own font; sizes, weights, slants."""
    images = []
    for index in range(count):
        character = characters[index % len(characters)]
        size = int(generator.integers(24, 90))
        font = ImageFont.load_default(size)
        image = Image.new("L", (2 * CANVAS, 2 * CANVAS))
        weight = int(generator.integers(0, 1 + size // 24))
        pen = ImageDraw.Draw(image)
        pen.text((CANVAS / 2, CANVAS / 4), character, 255, font, stroke_width=weight)
        slant = generator.uniform(-0.1, 0.35)
        shear = (1, slant, -slant * CANVAS, 0, 1, 0)
        image = image.transform(
            image.size, Image.Transform.AFFINE, shear, Image.Resampling.BILINEAR
        )
        images.append(normalise_digit(np.asarray(image)).image.reshape(-1))
    return np.stack(images)


def inverted(digits: np.ndarray) -> np.ndarray:
    """(n, 784) uint8: paper for ink."""
    return 255 - digits


def halves_swapped(digits: np.ndarray) -> np.ndarray:
    """(n, 784) uint8: digits cut in the middle, their right half pasted before the left one."""
    return np.roll(digits.reshape(-1, SIDE, SIDE), SIDE // 2, axis=2).reshape(-1, SIDE * SIDE)


def pairs(digits: np.ndarray) -> np.ndarray:
    """(n // 2, 784) uint8: two digits beside each other, as one drawing."""
    squares = digits[: len(digits) // 2 * 2].reshape(-1, 2, SIDE, SIDE)
    both = np.concatenate([squares[:, 0, :, 4:-4], squares[:, 1, :, 4:-4]], axis=2)
    return np.stack([normalise_digit(each).image.reshape(-1) for each in both])


def _drawn(count: int, draw: Callable[[ImageDraw.ImageDraw], object]) -> np.ndarray:
    """(count, 784) uint8: what is drawn, normalised."""
    images = []
    for _ in range(count):
        image = Image.new("L", (CANVAS, CANVAS))
        draw(ImageDraw.Draw(image))
        images.append(normalise_digit(np.asarray(image)).image.reshape(-1))
    return np.stack(images)
