from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw
from support.drawn_digits import page

from digit_tui.data.paper import _ink_without_margin, ink_on_paper
from digit_tui.data.picture_ink import ink_of
from digit_tui.data.segmentation import find_digits


def on_table(sheet: Image.Image, degrees: float = 0) -> np.ndarray:
    """A sheet on a dark table, with the noise of a camera."""
    mask = Image.new("L", sheet.size, 255).rotate(degrees, expand=True)
    picture = Image.new("L", (mask.width + 200, mask.height + 150), 75)
    picture.paste(sheet.rotate(degrees, Image.Resampling.BICUBIC, expand=True), (90, 60), mask)
    noise = np.random.default_rng(0).normal(0, 4, np.asarray(picture).shape)
    return np.asarray(np.asarray(picture) + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("text", "degrees"), [("5", 0), ("274\n019", 0), ("274\n019", 8)])
def test_digits_on_a_sheet_on_a_table_are_found_where_they_are(text: str, degrees: float) -> None:
    sheet = page(text, 100, 8).point(lambda level: 40 + level * 200 // 255)
    levels = on_table(sheet, degrees)
    parts = find_digits(ink_on_paper(levels))
    assert len(parts) == len(text.replace("\n", ""))
    assert ink_on_paper(levels).shape == levels.shape
    if not degrees:
        alone = find_digits(ink_of(np.asarray(sheet)))
        for part, other in zip(parts, alone, strict=True):
            expected = other.left + 90, other.top + 60, *other.box[2:]
            assert part.box == pytest.approx(expected, abs=3)


def test_a_table_at_one_edge() -> None:
    image = page("274\n019", 100, 8)
    ImageDraw.Draw(image).rectangle((0, image.height - 30, image.width, image.height), fill=80)
    assert len(find_digits(ink_on_paper(np.asarray(image)))) == 6


@pytest.mark.parametrize("pen", [12, 40])
@pytest.mark.parametrize("light", [False, True])
def test_thick_digits_that_fill_the_picture_are_no_sheets(pen: int, light: bool) -> None:
    for digit in "0145789":
        image = ImageChops.invert(page(digit, 150, pen))
        image = image.crop(image.getbbox())
        levels = np.asarray(image if light else ImageChops.invert(image))
        assert np.array_equal(ink_on_paper(levels), ink_of(levels)), digit


def test_a_digit_that_was_cropped_to_its_ink() -> None:
    image = page("3", 120, 10)
    box = ImageChops.invert(image).getbbox()
    levels = np.asarray(image.crop(box))
    for each in (levels, 255 - levels):
        (part,) = find_digits(ink_on_paper(each))
        assert part.box == pytest.approx((0, 0, *levels.shape[::-1]), abs=2)


def test_light_that_falls_off_is_no_ink_beside_paper() -> None:
    levels = np.tile(np.linspace(0, 255, 400).astype(np.uint8), (300, 1))
    assert not _ink_without_margin(levels).any()
    assert not ink_on_paper(np.full((100, 100), 200, np.uint8)).any()
