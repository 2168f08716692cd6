from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from digit_tui.data import RAMP, draw_digit, load_dataset


def test_a_blank_image_is_spaces() -> None:
    assert draw_digit(np.zeros((28, 28), np.uint8), 28, 14) == [" " * 28] * 14


def test_full_ink_is_the_end_of_the_ramp() -> None:
    assert draw_digit(np.full((28, 28), 255, np.uint8), 6, 3, " ox") == ["xxxxxx"] * 3


@settings(deadline=None)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30)),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_any_size_fills_its_rectangle_from_the_ramp(
    image: np.ndarray, columns: int, rows: int
) -> None:
    lines = draw_digit(image, columns, rows)
    assert len(lines) == rows
    assert all(len(line) == columns and set(line) <= set(RAMP) for line in lines)


@pytest.mark.parametrize("upright", [True, False])
def test_a_stroke_of_one_pixel_stays_dark_in_a_cell_of_two(upright: bool) -> None:
    image = np.zeros((28, 28), np.uint8)
    image[:, 9] = 255
    lines = draw_digit(image if upright else image.T.copy(), 14, 14)
    stroke = {line[4] for line in lines} if upright else set(lines[4])
    assert min(RAMP.index(character) for character in stroke) >= 0.7 * (len(RAMP) - 1)


def test_more_ink_never_draws_lighter() -> None:
    image = load_dataset("sample").test_images[0].reshape(28, 28)
    more = np.minimum(image.astype(int) + 20, 255).astype(np.uint8)
    for faint, strong in zip(draw_digit(image, 28, 14), draw_digit(more, 28, 14), strict=True):
        assert all(RAMP.index(a) <= RAMP.index(b) for a, b in zip(faint, strong, strict=True))


def test_an_arrow_is_drawn_the_right_way_round() -> None:
    image = np.zeros((4, 4), np.uint8)
    image[0] = image[:, 0] = 255
    assert draw_digit(image, 4, 4, ".#") == ["####", "#...", "#...", "#..."]


@pytest.mark.parametrize(("columns", "rows", "ramp"), [(0, 1, RAMP), (1, 0, RAMP), (1, 1, "#")])
def test_refuses_an_impossible_drawing(columns: int, rows: int, ramp: str) -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        draw_digit(np.zeros((2, 2), np.uint8), columns, rows, ramp)
