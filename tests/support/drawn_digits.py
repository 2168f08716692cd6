"""Digits drawn with straight strokes, and what a camera makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [[(5, 0), (2, 1), (0, 5), (1, 9), (4, 10), (6, 8), (7, 5), (6, 1), (4, 0)]],
    1: [[(3, 0), (3, 10)]],
    2: [[(0, 2), (2, 0), (5, 0), (6, 3), (4, 6), (0, 10), (7, 10)]],
    3: [[(0, 1), (3, 0), (6, 1), (6, 3), (3, 5), (6, 6), (7, 8), (4, 10), (0, 9)]],
    4: [[(2, 0), (0, 6), (7, 6)], [(5, 2), (5, 10)]],
    5: [[(6, 0), (1, 0), (0, 4), (4, 4), (6, 6), (6, 8), (4, 10), (0, 9)]],
    6: [[(5, 0), (2, 3), (0, 7), (2, 10), (5, 10), (6, 7), (4, 5), (1, 6)]],
    7: [[(0, 0), (7, 0), (3, 10)]],
    8: [[(3, 5), (1, 3), (2, 0), (5, 0), (6, 2), (3, 5), (0, 8), (2, 10), (5, 10), (6, 8), (3, 5)]],
    9: [[(6, 3), (4, 5), (1, 4), (0, 2), (2, 0), (5, 0), (6, 3), (5, 10)]],
}
"""The strokes of each digit, as points (right, down) in a box of 7x10."""

FIVE_IN_TWO = [[(1, 0), (0, 4), (4, 4), (6, 6), (6, 8), (4, 10), (0, 9)], [(2.5, 0), (7, 0)]]
"""A 5 whose bar is apart."""


def draw_strokes(
    canvas: Image.Image,
    strokes: list[list[tuple[float, float]]],
    left: float,
    top: float,
    height: float,
    pen: float,
    slant: float = 0.0,
    ink: int = 0,
) -> None:
    """Draw strokes of a digit with a round pen; everything is in pixels, `slant` a shear."""
    draw, unit, radius = ImageDraw.Draw(canvas), height / 10, pen / 2
    for stroke in strokes:
        points = [(left + unit * (x + slant * (10 - y)), top + unit * y) for x, y in stroke]
        draw.line(points, fill=ink, width=max(1, round(pen)))
        for x, y in points:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)


def page(text: str, height: int, pen: float, slant: float = 0.0, gap: float = 1.0) -> Image.Image:
    """Black digits on white, lines divided by line ends, in a margin of half a digit's height."""
    lines = text.split("\n")
    pitch = height * (0.7 + 0.35 * gap)
    size = round(height + pitch * max(map(len, lines))), round(height * (1.7 * len(lines) + 0.4))
    canvas = Image.new("L", size, 255)
    for row, line in enumerate(lines):
        for column, digit in enumerate(line):
            if digit != " ":
                place = height / 2 + column * pitch, height * (0.5 + 1.7 * row)
                draw_strokes(canvas, STROKES[int(digit)], *place, height, pen, slant)
    return canvas


def photographed(
    image: Image.Image, generator: np.random.Generator, noise: float = 5.0
) -> Image.Image:
    """A page as a camera sees it: paper of 210 of 255, light from one side, noise."""
    levels: NDArray[Any] = 0.25 + 0.75 * np.asarray(image, np.float64) / 255
    down, across = (np.linspace(-1, 1, length) for length in levels.shape)
    angle = generator.uniform(0, 2 * np.pi)
    light = 1 + 0.35 * (np.sin(angle) * down[:, None] + np.cos(angle) * across[None, :])
    seen = 150 * levels * light + generator.normal(0, noise, levels.shape)
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8))
