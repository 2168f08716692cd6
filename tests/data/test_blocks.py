from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from support.drawn_digits import page

from digit_tui.data import load_dataset
from digit_tui.data.blocks import without_blocks


def enlarged(small: np.ndarray, side: int, method: str) -> np.ndarray:
    return np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling[method]))


@pytest.mark.parametrize("side", [28, 30, 50, 100, 300])
@pytest.mark.parametrize("small", [8, 12, 16])
def test_what_was_enlarged_in_blocks_is_enlarged_smoothly(small: int, side: int) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (small, small), np.uint8)
    smooth = enlarged(levels, side, "BICUBIC")
    assert (without_blocks(enlarged(levels, side, "NEAREST")) == smooth).all()
    corners = np.arange(side) * small // side  # as other programs choose the nearest pixel
    assert (without_blocks(levels[np.ix_(corners, corners)]) == smooth).all()


@pytest.mark.parametrize("factor", [1, 1.3, 3])
def test_a_digit_that_is_smooth_stays_as_it_is(factor: float) -> None:
    for digit in load_dataset("sample").test_images[:100].reshape(-1, 28, 28):
        levels = enlarged(digit, int(28 * factor), "BILINEAR")
        assert without_blocks(levels) is levels


@pytest.mark.parametrize("height", [16, 60, 200])
@pytest.mark.parametrize("text", ["1", "7", "0123456789"])
def test_a_drawing_without_grey_stays_as_it_is(text: str, height: int) -> None:
    levels = np.asarray(page(text, height, height / 10))
    assert without_blocks(levels) is levels


def test_a_long_picture_costs_no_time() -> None:
    levels = np.zeros((1, 60_000), np.uint8)
    levels[0, ::5000] = 255
    assert without_blocks(levels) is levels
