"""The hardest digits on the first screen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.mistakes_view import MISTAKES, chosen
from support.steering import forked

from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.widgets.digit_tiles import cropped
from digit_tui.tui.widgets.hardest_digits import HardestDigits


def row_of(opened: Any, text: str) -> int:
    (row,) = [at for at, line in enumerate(opened.rows) if text in line]
    return row


@pytest.mark.parametrize(("size", "rows"), [((80, 24), 5), ((120, 40), 7), ((200, 60), 7)])
async def test_they_are_on_the_first_screen(
    window: Any, story: Any, size: tuple[int, int], rows: int
) -> None:
    async with window(*size) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
        row = row_of(opened, "Hardest of 4 test mistakes at epoch 1, true → predicted, by loss")
        captions = opened.rows[row + 1].split("9→0", 1)[1].strip(" │").split()
        assert captions == ["99%", "1→7", "80%", "0→3", "60%", "8→0", "51%"]
        pictures = opened.rows[row + 2 : row + 2 + rows]
        assert sum(bool(line.strip()) for line in pictures) >= rows - 1


async def test_a_fixed_one_fades_and_goes(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
        left = {index: MISTAKES[index] for index in (4, 17, 250)}
        await opened.tell(*story.epochs(1, left))
        captions = opened.rows[row_of(opened, "Hardest of 3") + 1].split()
        assert captions == ["1→7", "80%", "0→3", "60%", "8→0", "51%", "✓", "9"]
        await opened.tell(*story.epochs(1, left))
        assert "✓" not in opened.rows[row_of(opened, "Hardest of 3") + 1]


@pytest.mark.parametrize("key", [True, False])
async def test_one_is_opened_by_key_or_click(window: Any, story: Any, key: bool) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
        if key:
            await opened.press("enter")
        else:
            await opened.pilot.click(HardestDigits, offset=(14, 3))
            await opened.settle()
        assert isinstance(opened.app.screen, MistakesView)
        assert chosen(opened) == (31 if key else 4)


async def test_a_fixed_one_is_found_among_all(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
        await opened.tell(*story.epochs(1, {4: MISTAKES[4]}))
        await opened.pilot.click(HardestDigits, offset=(14, 3))
        await opened.settle()
        assert chosen(opened) == 31
        opened.find("1,000 digits by loss")


async def test_a_run_that_does_not_train_shows_mistakes_only(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
        await opened.tell(*story.epochs(1, {4: MISTAKES[4]}))
        assert "✓" in opened.rows[row_of(opened, "Hardest of 1") + 1]
        await opened.tell(story.paused("finished"))
        assert "✓" not in opened.rows[row_of(opened, "Hardest of 1") + 1]


async def test_a_click_between_them_opens_none(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
        for x in (12, 79):
            await opened.pilot.click(HardestDigits, offset=(x, 3))
        await opened.settle()
        assert isinstance(opened.app.screen, TrainView)


async def test_where_there_is_no_mistake(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.press("enter")
        await opened.tell(*story.opening())
        opened.find("Not one of the test digits is wrong.")
        await opened.press("enter")
        assert isinstance(opened.app.screen, TrainView)


async def test_they_make_room_for_a_fork(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES), forked(story, "rate 0.1"))
        assert "Hardest" not in opened.text
        opened.find("Fork: rate 0.1")


def test_the_square_around_a_digit() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 10:14] = 255
    square = cropped(image)
    assert square.shape == (20, 20)
    assert square[:, 8:12].min() == 255
    assert square.sum() == image.sum()
    corner = np.zeros((28, 28), np.uint8)
    corner[0:6, 25:28] = 255
    assert cropped(corner).shape == (6, 6)
    assert cropped(corner).sum() == corner.sum()
    assert cropped(np.zeros((28, 28), np.uint8)).shape == (28, 28)
