from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from scipy import ndimage
from support.drawn_digits import FIVE_IN_TWO, STROKES, draw_strokes, page, photographed

from digit_tui.data import DataError, normalise_digit
from digit_tui.data.components import connected_components
from digit_tui.data.picture_ink import ink_of
from digit_tui.data.segmentation import MAX_DIGITS, Part, find_digits, one_digit


def found_in(image: Image.Image) -> list[Part]:
    return find_digits(ink_of(np.asarray(image)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_components_are_those_of_scipy(seed: int, height: int, width: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share

    found = connected_components(mask)

    expected, count = ndimage.label(mask, np.ones((3, 3)))
    assert len(found.areas) == len(found.boxes) == count
    assert ((found.labels > 0) == mask).all()
    assert len(np.unique(np.stack([found.labels[mask], expected[mask]]), axis=1).T) == count
    for number, (rows, columns) in enumerate(ndimage.find_objects(found.labels)):
        box = [rows.start, columns.start, rows.stop, columns.stop]
        assert found.boxes[number].tolist() == box
        assert found.areas[number] == (found.labels == number + 1).sum()


@pytest.mark.parametrize("turned", [False, True])
def test_one_component_that_winds_through_the_whole_image(turned: bool) -> None:
    mask = np.zeros((401, 400), bool)
    mask[::2] = True
    mask[1::4, -1] = mask[3::4, 0] = True
    found = connected_components(mask.T if turned else mask)
    assert found.areas.tolist() == [mask.sum()]


def text_of(image: Image.Image, templates: dict[str, np.ndarray]) -> str:
    """The digits of a page, each recognised by its ink."""
    text = ""
    for part in found_in(image):
        ink = normalise_digit(part.ink).image.astype(float)
        text += min(templates, key=lambda name: float(np.abs(templates[name] - ink).sum()))
    return text


@pytest.fixture(scope="module")
def templates() -> dict[str, np.ndarray]:
    """Each digit alone, normalised."""
    shapes = {}
    for digit in map(str, range(10)):
        (part,) = found_in(page(digit, 60, 6))
        shapes[digit] = normalise_digit(part.ink).image.astype(float)
    return shapes


@pytest.mark.parametrize("height", [20, 60, 150])
@pytest.mark.parametrize("degrees", [-3, 0, 3])
def test_digits_are_found_by_lines_from_the_left(
    height: int, degrees: float, templates: dict[str, np.ndarray]
) -> None:
    text = "27 4\n0193\n 5 8"
    image = page(text, height, height / 10).rotate(degrees, expand=True, fillcolor=255)
    for seen in (image, photographed(image, np.random.default_rng(0))):
        found = text_of(seen, templates)
        assert found == text.replace(" ", "").replace("\n", "")


def test_each_part_has_its_own_ink_in_its_box() -> None:
    image = Image.new("L", (300, 200), 255)
    draw_strokes(image, STROKES[7], 50, 40, 100, 8)
    draw_strokes(image, STROKES[1], 150, 60, 100, 8)

    seven, one = found_in(image)

    assert (seven.left, seven.top) == (46, 36)
    assert seven.box[2:] == (79, 109)
    assert one.left > 150
    assert seven.ink.max() == one.ink.max() == 255
    total = (ink_of(np.asarray(image)) > 127).sum()
    assert (seven.ink > 127).sum() + (one.ink > 127).sum() == total


def test_slanted_neighbours_whose_boxes_overlap_are_told_apart() -> None:
    image = Image.new("L", (300, 200), 255)
    for place in (40, 75, 110):
        draw_strokes(image, STROKES[1], place, 40, 100, 6, slant=0.5)
    ones = found_in(image)
    assert len(ones) == 3
    assert ones[0].left + ones[0].box[2] > ones[1].left  # they overlap
    assert ones[0].ink.sum() == pytest.approx(ones[1].ink.sum(), rel=0.05)


def test_the_bar_of_a_five_belongs_to_it() -> None:
    image = Image.new("L", (400, 200), 255)
    draw_strokes(image, FIVE_IN_TWO, 50, 50, 100, 7)
    draw_strokes(image, STROKES[3], 180, 50, 100, 7)
    draw_strokes(image, FIVE_IN_TWO, 290, 50, 100, 7)
    assert len(connected_components(np.asarray(image) < 128).areas) == 5
    assert len(found_in(image)) == 3


def test_an_open_four_and_a_broken_digit_are_one_each() -> None:
    image = Image.new("L", (400, 200), 255)
    four = [[(1, 0), (0, 6), (7, 6)], [(5, 2), (5, 5)], [(5, 7), (5, 10)]]
    seven = [[(0, 0), (6, 0), (5, 4)], [(4.6, 5.3), (3, 10)]]
    for left, strokes in ((50, four), (200, seven), (310, STROKES[0])):
        draw_strokes(image, strokes, left, 50, 100, 6)
    assert len(connected_components(np.asarray(image) < 128).areas) == 6
    assert len(found_in(image)) == 3


def test_specks_and_ruled_lines_are_left_out() -> None:
    image = page("472", 80, 8)
    generator = np.random.default_rng(0)
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = generator.integers(0, image.width), generator.integers(0, 30)
        draw.ellipse((x, y, x + 4, y + 4), fill=0)
    draw.line((5, image.height - 12, image.width - 5, image.height - 12), fill=0, width=3)
    parts = found_in(image)
    assert len(parts) == 3
    assert all(part.box[3] >= 80 for part in parts)


def test_one_digit_is_all_ink_but_specks() -> None:
    image = Image.new("L", (200, 200), 255)
    draw_strokes(image, [STROKES[5][0][:4], [(6, 8), (4, 10), (0, 9)]], 50, 50, 100, 7)
    ImageDraw.Draw(image).point((3, 3), fill=0)
    (part,) = one_digit(ink_of(np.asarray(image)))
    assert part.box[3] == pytest.approx(108, abs=2)
    assert len(connected_components(part.ink > 127).areas) == 2


def test_of_a_blank_picture_nothing_is_found() -> None:
    blank = np.zeros((30, 40), np.uint8)
    assert find_digits(blank) == one_digit(blank) == []


def test_too_many_parts_are_refused() -> None:
    ink = np.zeros((200, 200), np.uint8)
    ink[::4, ::4] = 255
    with pytest.raises(DataError, match="2,500 separate parts"):
        find_digits(ink)
    assert len(find_digits(ink[:100, :80])) <= MAX_DIGITS


def test_a_sliver_at_the_side_is_no_digit() -> None:
    ink = 255 - np.asarray(page("25", 100, 6))
    expected = [part.box for part in find_digits(ink)]
    for columns in (slice(0, 2), slice(-2, None)):
        shadowed = ink.copy()
        shadowed[:, columns] = 255
        assert [part.box for part in find_digits(shadowed)] == expected
