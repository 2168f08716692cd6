"""Digits on a map as dots or characters."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from rich.style import Style
from textual.color import Color

from digit_tui.tui.drawing.scatter import COLORS, Scatter, draw_scatter
from digit_tui.tui.themes import THEMES, VARIABLES

STYLES = [Style(color=f"color({number})") for number in range(3)]
CHOSEN = Style(reverse=True)


def drawn(
    places: list[tuple[float, float]],
    classes: list[int],
    wrong: tuple[int, ...] = (),
    dots: bool = True,
    chosen: int | None = None,
) -> list[str]:
    """The rows of a map of six columns."""
    mistakes = np.isin(np.arange(len(places)), wrong)
    scatter = Scatter(np.array(places, float).reshape(-1, 2), np.array(classes, int), mistakes)
    cursor = None if chosen is None else (chosen, CHOSEN)
    lines = draw_scatter(scatter, 6, 3, STYLES, dots, cursor)
    rows = ["".join(segment.text for segment in line) for line in lines]
    assert [len(row) for row in rows] == [6, 6, 6]
    return rows


def test_a_few_digits_are_characters() -> None:
    assert drawn([(0, 0), (5, 2), (3, 1)], [0, 1, 2]) == ["0     ", "   2  ", "     1"]


def test_many_in_a_cell_are_dots_at_their_places() -> None:
    corners = [(-0.4, 0.4), (0.4, -0.4), (0.4, -0.4)]
    assert drawn(corners, [0, 0, 1]) == ["⡈     ", "      ", "      "]
    assert drawn(corners, [0, 0, 1], dots=False)[0] == "0     "


def test_a_cell_has_the_colour_of_most_of_its_digits() -> None:
    places = np.zeros((5, 2))
    scatter = Scatter(places, np.array([2, 1, 2, 0, 2]), np.zeros(5, bool))
    (first, *_), *_ = draw_scatter(scatter, 6, 3, STYLES, True, None)
    assert first.style == STYLES[2]


@pytest.mark.parametrize("dots", [True, False])
def test_a_cross_where_at_least_half_are_mistakes(dots: bool) -> None:
    places = [(1, 1)] * 4 + [(3, 1)] * 4
    (_, row, _) = drawn(places, [0] * 8, wrong=(0, 1, 4), dots=dots)
    assert row[1] == "✗"
    assert row[3] not in "✗ "


def test_the_chosen_one_is_pointed_at_and_the_edge_cuts() -> None:
    assert drawn([(2, 1)] * 3, [1, 1, 2], chosen=2)[1] == " ▸2◂  "
    assert drawn([(0, 1)], [1], chosen=0)[1] == "1◂    "
    assert drawn([(9, 1)], [1], chosen=0)[1] == "      "


def test_what_is_outside_is_left_out() -> None:
    outside = [(-0.6, 0), (5.6, 0), (0, -0.6), (0, 2.6), (5.4, 2.4)]
    assert drawn(outside, [0, 0, 0, 0, 1]) == ["      ", "      ", "     1"]
    assert drawn([], []) == ["      "] * 3


# Machado, Oliveira and Fernandes (2009, doi:10.1109/TVCG.2009.113), severity 1, of linear RGB.
EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(color: str) -> np.ndarray:
    parts = np.array(Color.parse(color).rgb) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(light: np.ndarray) -> np.ndarray:
    """Ottosson (2020), "A perceptual color space for image processing", of linear RGB."""
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    opponents = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(opponents) @ np.cbrt(np.array(cones) @ light)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_any_two_colours_can_be_told_apart(theme: object) -> None:
    variables = VARIABLES | theme.variables  # type: ignore[attr-defined]
    colors = [linear(variables[f"class-{number}"]) for number in range(COLORS)]
    for eyes, matrix in EYES.items():
        seen = [oklab((matrix @ each).clip(0, 1)) for each in colors]
        nearest = min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))
        assert nearest > 0.1, eyes
