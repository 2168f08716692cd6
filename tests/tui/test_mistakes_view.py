"""The digits that the network gets wrong, as characters."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from digit_tui.data import Dataset, draw_digit
from digit_tui.nn import Evaluation
from digit_tui.training.state import Settings

# Index to (predicted, its probability); the higher, the higher the loss.
MISTAKES = {4: (7, 0.8), 17: (3, 0.6), 250: (0, 0.51), 31: (0, 0.99)}


def listed(opened: Any) -> list[str]:
    """The rows of the list, without the empty ones."""
    rows = [row[:26].rstrip() for row in opened.rows[3:21]]
    return [row for row in rows if row]


def chosen(opened: Any) -> int:
    """The index of the digit that is marked in the list."""
    (row,) = [row for row in listed(opened) if row.startswith("▸")]
    return int(row[1:8])


@pytest.fixture
def browse(window: Any, story: Any) -> Any:
    """Opens the view after an epoch."""

    @asynccontextmanager
    async def open_view(width: int = 80, height: int = 24, mistakes: Any = MISTAKES) -> Any:
        async with window(width, height) as opened:
            await opened.tell(*story.opening(), *story.epochs(1, mistakes))
            await opened.press("tab")
            yield opened

    return open_view


class TestList:
    @pytest.mark.parametrize("size", [(80, 24), (120, 40)])
    async def test_the_highest_loss_comes_first(self, browse: Any, size: Any) -> None:
        async with browse(*size) as opened:
            assert listed(opened) == [
                "▸    31  9 → 0    4.61 ✗",
                "      4  1 → 7    1.61 ✗",
                "     17  0 → 3    0.92 ✗",
                "    250  8 → 0    0.71 ✗",
            ]
            assert opened.rows[2].startswith("─4 mistakes by loss────────#31  loss 4.61──")

    async def test_arrows_move_and_stop_at_the_ends(self, browse: Any) -> None:
        async with browse() as opened:
            seen = []
            for key in ("down", "right", "down", "down", "up", "left", "up", "up"):
                await opened.press(key)
                seen.append(chosen(opened))
            assert seen == [4, 17, 250, 250, 17, 4, 31, 31]

    async def test_all_digits_right_and_wrong(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("down", "v")
            assert opened.rows[2].startswith("─1,000 digits by loss─")
            rows = listed(opened)
            assert rows[:5] == [
                "     31  9 → 0    4.61 ✗",
                "▸     4  1 → 7    1.61 ✗",
                "     17  0 → 3    0.92 ✗",
                "    250  8 → 0    0.71 ✗",
                "      0  7 → 7    0.11 ✓",
            ]
            assert len(rows) == 18
            await opened.press("v")
            assert chosen(opened) == 4
            assert len(listed(opened)) == 4

    async def test_pages_and_ends(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("v", "end")
            assert chosen(opened) == 999
            assert listed(opened)[-1].startswith("▸   999 ")
            await opened.press("home")
            assert chosen(opened) == 31
            first_page = listed(opened)
            await opened.press("pagedown")
            assert listed(opened) == [
                first_page[0].replace("▸", " "),
                *first_page[1:-1],
                "▸" + first_page[-1][1:],
            ]
            await opened.press("down")
            assert listed(opened)[0] == first_page[1]
            await opened.press("pageup", "pageup")
            assert chosen(opened) == 31

    @pytest.mark.parametrize("size", [(76, 24), (80, 20), (120, 40)])
    async def test_the_chosen_one_stays_in_sight(self, browse: Any, size: Any) -> None:
        async with browse() as opened:
            await opened.press("v", "end")
            await opened.resize(*size)
            opened.find("^▸   999 ")

    async def test_before_the_first_look(self, window: Any) -> None:
        async with window() as opened:
            await opened.press("tab")
            opened.find("No look at the test digits")
            await opened.press("v", "down", "up", "pagedown", "home", "end")
            assert listed(opened) == []

    async def test_not_one_mistake(self, browse: Any) -> None:
        async with browse(mistakes={}) as opened:
            assert opened.rows[2].startswith("─0 mistakes by loss─")
            opened.find("Not one mistake")
            await opened.press("down", "up", "end", "home", "pagedown")
            assert listed(opened) == []
            await opened.press("v")
            assert chosen(opened) == 0
            assert len(listed(opened)) == 18
            opened.find("true 7 → 7  right")

    async def test_the_last_mistake_goes(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            await opened.tell(*story.epochs(1, {}))
            opened.find("Not one mistake")
            assert listed(opened) == []
            assert "true" not in opened.text


class TestSelection:
    async def test_it_stays_on_its_digit(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            await opened.press("down", "down")
            assert chosen(opened) == 17
            await opened.tell(*story.epochs(1, {**MISTAKES, 17: (5, 0.999), 500: (1, 0.7)}))
            assert chosen(opened) == 17
            assert listed(opened)[0] == "▸    17  0 → 5    6.91 ✗"
            opened.find("#17 ")

    async def test_it_stays_on_its_row_where_the_digit_is_right_now(
        self, browse: Any, story: Any
    ) -> None:
        async with browse() as opened:
            await opened.press("down")
            assert chosen(opened) == 4
            await opened.tell(*story.epochs(1, {31: (0, 0.99), 17: (3, 0.6), 250: (0, 0.51)}))
            assert chosen(opened) == 17
            assert listed(opened)[1].startswith("▸")

    async def test_it_stays_in_a_list_that_got_shorter(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            await opened.press("end")
            assert chosen(opened) == 250
            await opened.tell(*story.epochs(1, {31: (0, 0.99), 4: (7, 0.8)}))
            assert chosen(opened) == 4

    async def test_it_is_the_same_after_a_look_elsewhere(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            await opened.press("down", "down", "tab")
            await opened.tell(*story.epochs(1, {**MISTAKES, 500: (1, 0.95)}))
            await opened.press("tab")
            assert chosen(opened) == 17
            assert len(listed(opened)) == 5


class TestDigit:
    async def test_the_probabilities(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("down")
            column = opened.rows[3].index("true 1") + 1
            shown = [row[column - 1 :].rstrip() for row in opened.rows[3:15]]
            assert shown == [
                "true 1 → 7  wrong",
                "",
                " 0          0.0%",
                " 1 █▎      20.0% true",
                *(f"{digit:>2}          0.0%" for digit in range(2, 7)),
                " 7 ████▊   80.0% pred",
                " 8          0.0%",
                " 9          0.0%",
            ]

    @pytest.mark.parametrize(("size", "rows"), [((80, 24), 14), ((120, 40), 14), ((60, 20), 7)])
    async def test_the_picture_is_as_large_as_fits(
        self, browse: Any, sample: Dataset, size: tuple[int, int], rows: int
    ) -> None:
        async with browse(*size) as opened:
            await opened.press("down")
            wanted = draw_digit(sample.test_images[4].reshape(28, 28), 2 * rows, rows)
            ink = [line.strip() for line in wanted if line.strip()]
            at = [number for number, row in enumerate(opened.rows) if ink[0] in row]
            assert any(
                all(line in row for line, row in zip(ink, opened.rows[start:], strict=False))
                for start in at
            ), opened.text

    async def test_the_gallery_shows_the_page_of_the_chosen_one(self, browse: Any) -> None:
        async with browse(120, 40) as opened:
            opened.find("#31  9 → 0 +#4  1 → 7 +#17  0 → 3")
            assert "#250  8 → 0" not in opened.text
            await opened.press("end")
            opened.find(" #250  8 → 0")
            assert "#4  1 → 7" not in opened.text

    async def test_a_new_size_is_used_at_once(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.resize(120, 40)
            opened.find("#31  9 → 0 +#4  1 → 7 +#17  0 → 3")
            await opened.press("tab")
            await opened.resize(80, 24)
            await opened.press("tab")
            assert "#4  1 → 7" not in opened.text
            assert "-narrow" in opened.app.screen.classes

    async def test_a_network_that_diverged(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            labels = story.dataset.test_labels
            holes = np.full((len(labels), 10), np.nan, np.float32)
            look = Evaluation(labels, holes, np.full(len(labels), np.nan, np.float32))
            await opened.tell(story.look(200, 2.0, look))
            assert re.search(r"─\d+ mistakes by loss─+#\d+  loss nan─", opened.rows[2])
            assert listed(opened)[0].endswith("nan ✗")


async def test_many_classes_and_another_side(window: Any, story: Any) -> None:
    labels = (np.arange(94) % 47).astype(np.uint8)
    images = np.zeros((94, 64), np.uint8)
    images[:, 8:16] = 255
    story.dataset = Dataset("letters", "", images, labels, images, labels, 8, 47)
    story.settings = Settings.of(story.config)
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {46: (3, 0.75)}))
        await opened.press("tab")
        assert opened.rows[0].startswith(" letters · 64-128-47 · ")
        assert listed(opened) == ["▸    46 46 → 3    1.39 ✗"]
        opened.find(r" 3 ███.* 75\.0% pred")
        opened.find(r"46 █.* 25\.0% true")
        opened.find("@@@@@@@@@@@@")
