from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from support.drawn_digits import page

from digit_tui.data.frames import without_frames
from digit_tui.data.paper import ink_on_paper
from digit_tui.data.segmentation import find_digits

TEXT = "20356"


def framed(text: str, width: int, gap: int, degrees: float = 0.0) -> Image.Image:
    """Digits each in a box of its own; without a gap the boxes share their sides."""
    digits = [page(each, 60, 6) for each in text]
    side = max(max(digit.size) for digit in digits) + 20
    image = Image.new("L", (80 + len(text) * (side + gap), side + 80), 255)
    for place, digit in enumerate(digits):
        left = 40 + place * (side + gap)
        image.paste(digit, (left + (side - digit.width) // 2, 40 + (side - digit.height) // 2))
        box = (left, 40, left + side, 40 + side)
        ImageDraw.Draw(image).rectangle(box, outline=0, width=width)
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


@pytest.mark.parametrize("text", ["2", TEXT])
@pytest.mark.parametrize(("width", "gap"), [(1, 0), (2, 12), (4, 0), (6, 60)])
@pytest.mark.parametrize("degrees", [0.0, 2.0])
def test_digits_in_the_boxes_of_a_form(text: str, width: int, gap: int, degrees: float) -> None:
    parts = find_digits(ink_on_paper(np.asarray(framed(text, width, gap, degrees))))
    assert len(parts) == len(text)
    assert max(part.box[3] for part in parts) < 100  # the box is higher


def test_a_frame_around_a_whole_page_with_frames_in_it() -> None:
    image = framed(TEXT, 2, 20)
    ImageDraw.Draw(image).rectangle((8, 8, image.width - 9, image.height - 9), outline=0, width=3)
    assert len(find_digits(ink_on_paper(np.asarray(image)))) == len(TEXT)


def test_a_zero_is_no_frame_whatever_its_shape() -> None:
    ink = np.zeros((80, 60), np.uint8)
    ink[10:70, 10:50] = 255
    ink[16:64, 16:44] = 0
    assert without_frames(ink) is ink
    ink[38:42, 28:32] = 255  # a speck, or a dot in the middle
    assert without_frames(ink) is ink
    ink[24:56, 24:36] = 255
    assert (without_frames(ink) > 0).sum() == 32 * 12


def test_digits_alone_are_left_alone() -> None:
    ink = 255 - np.asarray(page("0123456789\n9876543210", 80, 6))
    assert without_frames(ink) is ink


def test_pictures_of_any_shape_and_content() -> None:
    generator = np.random.default_rng(0)
    for shape in ((1, 1), (1, 500), (500, 1), (70, 70), (600, 90)):
        for share in (0.0, 0.02, 0.5, 1.0):
            ink = (255 * (generator.random(shape) < share)).astype(np.uint8)
            assert without_frames(ink).shape == shape
