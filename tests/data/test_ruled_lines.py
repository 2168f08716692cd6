from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw
from support.drawn_digits import STROKES, draw_strokes, page, photographed

from digit_tui.data.picture_ink import ink_of
from digit_tui.data.ruled_lines import without_ruled_lines
from digit_tui.data.segmentation import find_digits

TEXT = "27546\n01938"


def ruled(image: Image.Image, gap: int, shade: int, width: int, squared: bool) -> Image.Image:
    """The page on ruled or squared paper."""
    paper = Image.new("L", image.size, 255)
    draw = ImageDraw.Draw(paper)
    for y in range(20, image.height, gap):
        draw.line((0, y, image.width, y), fill=shade, width=width)
    for x in range(30, image.width if squared else 0, gap):
        draw.line((x, 0, x, image.height), fill=shade, width=width)
    return ImageChops.darker(paper, image)


def ink_without_lines(image: Image.Image) -> np.ndarray:
    return without_ruled_lines(ink_of(np.asarray(image)))


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize(("shade", "width"), [(0, 2), (150, 2), (190, 1), (120, 4)])
def test_digits_on_ruled_paper_are_what_they_are_on_blank_paper(
    shade: int, width: int, squared: bool
) -> None:
    blank = page(TEXT, 100, 8)
    found = ink_without_lines(ruled(blank, 45, shade, width, squared))
    parts, expected = find_digits(found), find_digits(ink_of(np.asarray(blank)))
    assert [part.row for part in parts] == [0] * 5 + [1] * 5
    for part, other in zip(parts, expected, strict=True):
        assert np.abs(np.subtract(part.box, other.box)).max() <= width + 4
        assert (part.ink > 127).sum() == pytest.approx((other.ink > 127).sum(), rel=0.15)


@pytest.mark.parametrize("shade", [60, 190])
def test_narrow_squares_are_shorter_than_the_strokes_on_them(shade: int) -> None:
    found = ink_without_lines(ruled(page(TEXT, 100, 8), 20, shade, 1, squared=True))
    parts = find_digits(found)
    assert [part.row for part in parts] == [0] * 5 + [1] * 5


def test_tall_thin_strokes_beside_smaller_digits_are_no_lines() -> None:
    image = Image.new("L", (700, 220), 255)
    for x in (100, 250, 400):
        ImageDraw.Draw(image).line((x, 30, x, 190), fill=0, width=3)
    draw_strokes(image, STROKES[7], 520, 50, 120, 3)
    assert len(find_digits(ink_without_lines(image))) == 4


@pytest.mark.parametrize("degrees", [-2, 1])
def test_a_scan_that_is_not_quite_straight(degrees: float) -> None:
    image = ruled(page(TEXT, 100, 8), 60, 100, 3, squared=False)
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    assert len(find_digits(ink_without_lines(turned))) == 10
    seen = photographed(image, np.random.default_rng(1), noise=3)
    assert len(find_digits(ink_without_lines(seen))) == 10


def test_one_line_under_or_through_digits_leaves_all_of_them() -> None:
    for place in (0.5, 1.0, 1.48):  # through them, at their middle and their feet
        image = page("25346", 180, 8)
        y = round(180 * place)
        ImageDraw.Draw(image).line((0, y, image.width, y), fill=160, width=2)
        assert len(find_digits(ink_without_lines(image))) == 5, place


def test_a_margin_line_is_no_digit() -> None:
    for text in (TEXT, "25"):
        image = page(text, 100, 8)
        ImageDraw.Draw(image).line((20, 0, 20, image.height), fill=90, width=3)
        parts = find_digits(ink_without_lines(image))
        assert len(parts) == len(text.replace("\n", ""))
        assert min(part.left for part in parts) > 30


def test_one_large_digit_on_lined_paper() -> None:
    image = ruled(page("5", 200, 10), 60, 140, 2, squared=True)
    (part,) = find_digits(ink_without_lines(image))
    assert part.box[2:] == pytest.approx((131, 211), abs=6)


@pytest.mark.parametrize("text", ["1", "7", "4", "11", "17\n41", "111", "7777", "25"])
@pytest.mark.parametrize("pen", [2, 5, 20])
@pytest.mark.parametrize("margin", [0, 40])
def test_straight_strokes_of_digits_are_no_lines(text: str, pen: int, margin: int) -> None:
    image = ImageChops.invert(page(text, 160, pen))
    left, top, right, bottom = image.getbbox() or (0, 0, 1, 1)
    ink = np.asarray(image.crop((left - margin, top - margin, right + margin, bottom + margin)))
    assert without_ruled_lines(ink) is ink or np.array_equal(without_ruled_lines(ink), ink)


def test_a_lone_stroke_stays_with_specks_around_it() -> None:
    for turned in (False, True):
        image = Image.new("L", (200, 300), 255)
        draw_strokes(image, STROKES[1], 20, 20, 260, 4)
        for x, y in ((150, 40), (30, 200), (160, 280)):
            ImageDraw.Draw(image).ellipse((x, y, x + 4, y + 4), fill=0)
        ink = ink_of(np.asarray(image))
        ink = ink.T.copy() if turned else ink
        assert np.array_equal(without_ruled_lines(ink), ink)


def test_pictures_of_any_shape_and_content() -> None:
    generator = np.random.default_rng(0)
    for shape in ((1, 1), (1, 500), (500, 1), (70, 70), (3, 4000), (600, 90)):
        for share in (0.02, 0.5, 1.0):
            ink = np.where(generator.random(shape) < share, 255, 0).astype(np.uint8)
            assert without_ruled_lines(ink).shape == shape
    stripes = np.zeros((400, 400), np.uint8)
    stripes[::8] = 255
    assert np.array_equal(without_ruled_lines(stripes), stripes)  # nothing but lines
