from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from digit_tui.data import (
    RAMP,
    draw_braille,
    draw_digit,
    draw_signed,
    half_blocks,
    ink_box,
    load_dataset,
    resample_area,
)
from digit_tui.data.drawing import BAYER


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


# Braille


def dots_of(lines: list[str]) -> np.ndarray:
    """The dots (4 * rows, 2 * columns) bool, by the names that Unicode gives to the characters."""
    places = {"1": (0, 0), "2": (1, 0), "3": (2, 0), "7": (3, 0)}
    places |= {"4": (0, 1), "5": (1, 1), "6": (2, 1), "8": (3, 1)}
    dots = np.zeros((4 * len(lines), 2 * len(lines[0])), bool)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            if character != " ":
                for number in unicodedata.name(character).removeprefix("BRAILLE PATTERN DOTS-"):
                    down, right = places[number]
                    dots[4 * row + down, 2 * column + right] = True
    return dots


images = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30))
cells = st.integers(1, 40)


@given(
    st.tuples(st.integers(1, 6), st.integers(1, 9)).flatmap(
        lambda size: hnp.arrays(bool, (4 * size[0], 2 * size[1]))
    )
)
def test_black_and_white_dots_are_drawn_as_they_are(dots: np.ndarray) -> None:
    image = np.where(dots, 255, 0).astype(np.uint8)
    lines = draw_braille(image, dots.shape[1] // 2, dots.shape[0] // 4)
    assert np.array_equal(dots_of(lines), dots)


@settings(deadline=None)
@given(images, cells, cells)
def test_braille_fills_its_rectangle(image: np.ndarray, columns: int, rows: int) -> None:
    lines = draw_braille(image, columns, rows)
    assert len(lines) == rows
    for line in lines:
        assert len(line) == columns
        assert all(each == " " or "\u2801" <= each <= "\u28ff" for each in line)


@pytest.mark.parametrize("grey", [0, 15, 64, 128, 200, 255])
def test_grey_has_as_many_dots_as_ink(grey: int) -> None:
    dots = dots_of(draw_braille(np.full((28, 28), grey, np.uint8), 14, 7))
    assert dots.mean() == pytest.approx(grey / 255, abs=1 / 16)


def test_the_thresholds_are_bayers() -> None:
    smaller = np.array([[0, 2], [3, 1]])
    larger = np.block([[4 * smaller, 4 * smaller + 2], [4 * smaller + 3, 4 * smaller + 1]])
    assert (16 * BAYER - 0.5).tolist() == larger.tolist()


# Half blocks


@pytest.mark.parametrize("zoom", [1, 2, 3])
def test_pixels_come_through_half_blocks_unchanged(zoom: int) -> None:
    image = load_dataset("sample").test_images[0].reshape(28, 28)
    levels = half_blocks(image, 28 * zoom, 14 * zoom)
    assert levels.dtype == np.uint8
    assert np.array_equal(levels, np.kron(image, np.ones((zoom, zoom), np.uint8)))


@settings(deadline=None)
@given(images, cells, cells)
def test_half_blocks_keep_proportions_and_centre(
    image: np.ndarray, columns: int, rows: int
) -> None:
    full = half_blocks(np.full_like(image, 255), columns, rows)
    assert full.shape == (2 * rows, columns)
    inked = np.argwhere(full == 255)
    top, left = inked.min(axis=0)
    bottom, right = inked.max(axis=0) + 1
    assert (full[top:bottom, left:right] == 255).all()
    assert len(inked) == (full > 0).sum()
    assert 0 <= (2 * rows - bottom) - top <= 1
    assert 0 <= (columns - right) - left <= 1
    assert bottom - top == 2 * rows or right - left == columns
    scale = min(2 * rows / image.shape[0], columns / image.shape[1])
    assert abs((bottom - top) - scale * image.shape[0]) <= 1
    assert abs((right - left) - scale * image.shape[1]) <= 1
    levels = half_blocks(image, columns, rows)
    assert not levels[full == 0].any()


def test_a_smaller_drawing_lies_between_the_mean_and_the_peak() -> None:
    image = load_dataset("sample").test_images[1].reshape(28, 28)
    mean = resample_area(image[None], 14)[0].astype(int)
    peak = image.reshape(14, 2, 14, 2).max(axis=(1, 3)).astype(int)
    assert np.abs(half_blocks(image, 14, 7) - (mean + peak) / 2).max() <= 1


@pytest.mark.parametrize("draw", [draw_braille, half_blocks])
@pytest.mark.parametrize(("columns", "rows"), [(0, 1), (1, 0), (-2, 3)])
def test_refuses_an_impossible_size(draw: object, columns: int, rows: int) -> None:
    assert callable(draw)
    with pytest.raises(ValueError, match="cannot draw"):
        draw(np.zeros((2, 2), np.uint8), columns, rows)


# Numbers with signs


def test_signs_are_told_apart_and_strong_numbers_from_weak_ones() -> None:
    row = np.array([-1, -0.8, -0.6, -0.3, -0.2, 0, 0.2, 0.3, 0.6, 0.8, 1])
    assert draw_signed(row[None] * 7, 11, 1) == ["EE=-   +*##"]
    assert draw_signed(row[None] * np.float32(1e38), 11, 1) == ["EE=-   +*##"]


def test_a_character_is_the_mean_of_its_cell() -> None:
    picture = np.array([[4, 2, 0, -8], [4, 0, 0, 0]])  # means 2.5 and -2
    assert draw_signed(picture, 2, 1) == ["#E"]
    assert draw_signed(picture, 4, 2) == ["*+ E", "*   "]


def test_what_has_no_numbers_is_blank() -> None:
    for picture in (np.zeros((6, 6)), np.full((6, 6), np.nan), np.array([[1.0, np.inf]])):
        assert draw_signed(picture, 6, 3) == [" " * 6] * 3
    assert draw_signed(np.array([[1.0, -1.0]]), 1, 1) == [" "]
    with pytest.raises(ValueError, match="cannot draw 0x3 cells"):
        draw_signed(np.ones((6, 6)), 0, 3)


# The box of the ink


@settings(deadline=None)
@given(
    st.integers(2, 40).flatmap(
        lambda side: hnp.arrays(
            np.uint8, (side, side), elements=st.sampled_from([1, 255]), fill=st.just(0)
        )
    )
)
def test_the_box_is_the_smallest_square_that_holds_the_ink(image: np.ndarray) -> None:
    side = len(image)
    box = ink_box(image)
    assert image[box].sum() == image.sum()
    (top, bottom), (left, right) = ((part.start, part.stop) for part in box)
    assert 0 <= top < bottom <= side
    assert 0 <= left < right <= side
    assert bottom - top == right - left
    if not image.any():
        assert bottom - top == side
        return
    inked = np.argwhere(image)
    extent = (np.ptp(inked, axis=0) + 1).max()
    smallest = -(-20 * side // 28)
    assert bottom - top == min(side, max(extent, smallest))
    # As central as the image allows.
    for start, stop, own in ((top, bottom, inked[:, 0]), (left, right, inked[:, 1])):
        before, after = own.min() - start, stop - 1 - own.max()
        if start > 0 and stop < side:
            assert abs(before - after) <= 1


def test_the_box_of_an_oblong_image_stays_inside() -> None:
    image = np.zeros((4, 30), np.uint8)
    image[1, 3:28] = 9
    rows, columns = ink_box(image)
    assert (rows.start, rows.stop) == (0, 4)
    assert columns.stop - columns.start == 25
