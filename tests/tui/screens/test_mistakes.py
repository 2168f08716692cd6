"""The list of digits that the network gets wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.mistakes_view import MISTAKES, chosen, listed
from support.rarely import rarely
from support.steering import forked
from textual import events

from digit_tui.data import Dataset
from digit_tui.run.settings import Settings


class TestList:
    @pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40))])
    async def test_the_highest_loss_comes_first(self, browse: Any, size: Any) -> None:
        async with browse(*size) as opened:
            assert listed(opened) == [
                "▸    31  9 → 0    4.61 ✗",
                "      4  1 → 7    1.61 ✗",
                "     17  0 → 3    0.92 ✗",
                "    250  8 → 0    0.71 ✗",
            ]
            assert opened.rows[2].strip("╭─╮ ") == "4 mistakes by loss, at epoch 1"
            assert opened.rows[3].rstrip(" │").endswith("#31  9 → 0  loss 4.61")

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
            assert opened.rows[2].startswith("─1,000 digits by loss, at epoch 1─")
            rows = listed(opened)
            assert rows[:5] == [
                "     31  9 → 0    4.61 ✗",
                "▸     4  1 → 7    1.61 ✗",
                "     17  0 → 3    0.92 ✗",
                "    250  8 → 0    0.71 ✗",
                "      0  7 → 7    0.11 ✓",
            ]
            assert len(rows) == 19
            bindings = opened.app.screen.active_bindings
            assert bindings["v"].binding.description == "Mistakes"
            await opened.press("v")
            bindings = opened.app.screen.active_bindings
            assert bindings["v"].binding.description == "All"
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

    @pytest.mark.parametrize("size", [(80, 20), *rarely((76, 24), (120, 40))])
    async def test_the_chosen_one_stays_in_sight(self, browse: Any, size: Any) -> None:
        async with browse() as opened:
            await opened.press("v", "end")
            await opened.resize(*size)
            opened.find("^│?▸   999 ")

    async def test_before_the_first_evaluation(self, window: Any) -> None:
        async with window() as opened:
            await opened.press("tab")
            opened.find("The test digits have not")
            await opened.press("v", "down", "up", "pagedown", "home", "end")
            assert listed(opened) == []

    async def test_not_one_mistake(self, browse: Any) -> None:
        async with browse(mistakes={}) as opened:
            assert opened.rows[2].startswith("─0 mistakes by loss, at epoch 1─")
            opened.find("Not one mistake")
            await opened.press("down", "up", "end", "home", "pagedown")
            assert listed(opened) == []
            await opened.press("v")
            assert chosen(opened) == 0
            assert len(listed(opened)) == 19
            opened.find("#0  7 → 7  loss 0.11")

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
            await opened.press(*["tab"] * 4)
            assert chosen(opened) == 17
            assert len(listed(opened)) == 5


class TestGallery:
    async def test_arrows_go_in_two_dimensions(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("v", "g")
            seen = []
            for key in ("right", "down", "left", "up", "pagedown", "pageup", "end", "home"):
                await opened.press(key)
                seen.append(int(opened.find(r"▸#\d+")[2:]))
            assert seen[:2] == [4, 2]
            assert seen[3] == seen[-1] == 31
            assert seen[6] == 999
            await opened.press("g")
            assert chosen(opened) == 31

    @pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40), (60, 20))])
    async def test_it_opens_and_goes_back(self, browse: Any, size: Any) -> None:
        async with browse(*size) as opened:
            await opened.press("g", "right", "enter")
            opened.find("#4  1 → 7  loss 1.61")
            opened.find("never learned")
            await opened.press("escape")
            opened.find("#31 9 → 0 +▸#4 1 → 7")
            assert "never learned" not in opened.text


async def test_keys_that_come_before_the_widgets_do_no_harm(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
        for key in ("tab", "enter", "p", "v", "down", "slash", "g", "y", "m", "escape"):
            opened.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await opened.settle()
        await opened.press("escape")
        opened.find("⏎ Why")


async def test_many_classes_and_another_side(window: Any, story: Any) -> None:
    labels = (np.arange(94) % 47).astype(np.uint8)
    images = np.zeros((94, 64), np.uint8)
    images[:, 8:16] = 255
    story.dataset = Dataset("letters", "", images, labels, images, labels, 8, 47)
    story.settings = Settings.of(story.config)
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {46: (3, 0.75)}))
        await opened.press("tab")
        assert opened.rows[0].endswith("letters · 64-128-47")
        assert listed(opened)[0] == "▸    46 46 → 3    1.39 ✗"
        opened.find(r" 3 ███.* 75\.0% pred")
        opened.find(r"46 █.* 25\.0% true")
        await opened.press("m", "m")
        opened.find("@@@@@@@@@@@@")


class TestWriting:
    async def test_the_list_becomes_a_page(self, browse: Any, story: Any, tmp_path: Path) -> None:
        async with browse() as opened:
            await opened.tell(story.started(str(tmp_path)))
            await opened.press("w")
            page = (tmp_path / "mistakes.html").read_text(encoding="ascii")
            assert page.count("data:image/png") == len(listed(opened)) > 0
            words = opened.app.model.log[-1].text
            assert re.fullmatch(
                rf"wrote \d+ digits of epoch \d+ to {tmp_path}/mistakes.html", words
            )

    async def test_a_folder_that_is_gone_is_told(
        self, browse: Any, story: Any, tmp_path: Path
    ) -> None:
        async with browse() as opened:
            await opened.tell(story.started(str(tmp_path / "gone")), story.evaluated())
            await opened.press("w")
            assert opened.app.model.log[-1].text.startswith("not written: No such file")


async def test_beside_a_fork_it_is_said_whose_digits_they_are(window: Any, story: Any) -> None:
    async with window(100, 30) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}), story.paused())
        await opened.press("tab")
        opened.find("─1 mistake by loss─")
        await opened.tell(forked(story, "optimizer sgd"))
        opened.find("─1 mistake of the run by loss─")
        await opened.press("tab")
        opened.find("Counts, epoch 1 of the run, ")


async def test_another_order_keeps_the_chosen_digit(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8), 31: (0, 0.7)}))
        await opened.press("tab", "down")
        opened.find("▸ +31 ")
        await opened.press("y")
        opened.find("by confidence")
        opened.find("▸ +31 ")
