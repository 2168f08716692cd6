"""Pictures of positive and negative numbers."""

from __future__ import annotations

import numpy as np
import pytest
from rich.style import Style
from textual.color import Color

from digit_tui.tui.drawing.signed import draw_numbers

PAPER, INK, POSITIVE, NEGATIVE = map(Color.parse, ("#000000", "#ffffff", "#ff8000", "#0080ff"))
STYLES = Style(bold=True), Style(italic=True)


def test_colours_say_the_sign_and_the_strength() -> None:
    picture = np.zeros((28, 28), np.float32)
    picture[:, 14:] = 1
    picture[14:, :14] = -0.5
    lines = draw_numbers(picture, 28, 14, (PAPER, INK, POSITIVE, NEGATIVE), STYLES)
    assert len(lines) == 14
    above, below = lines[0], lines[-1]
    assert [len(segment.text) for segment in (*above, *below)] == [14] * 4

    def color(segment: object) -> Color:
        return Color.from_rich_color(segment.style.bgcolor)  # type: ignore[attr-defined]

    assert [color(segment) for segment in above] == [PAPER, POSITIVE]
    assert [color(segment) for segment in below] == [PAPER.blend(NEGATIVE, 0.5), POSITIVE]


def test_signs_say_it_without_colour() -> None:
    picture = np.zeros((8, 8))
    picture[:4, :4], picture[4:, 4:] = 2, -2
    lines = draw_numbers(picture, 4, 2, None, STYLES)
    assert ["".join(segment.text for segment in line) for line in lines] == ["##  ", "  EE"]
    assert lines[0][0].style is STYLES[0]
    assert lines[1][1].style is STYLES[1]


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("palette", [None, (PAPER, INK, POSITIVE, NEGATIVE)])
def test_what_is_not_finite_is_blank(number: float, palette: tuple[Color, ...] | None) -> None:
    picture = np.ones((8, 8))
    picture[3, 3] = number
    lines = draw_numbers(picture, 8, 4, palette, STYLES)
    assert {segment.text.strip() for line in lines for segment in line} == {""}
