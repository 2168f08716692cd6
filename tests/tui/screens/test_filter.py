"""Order and filter of the list of digits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.mistakes_view import MISTAKES, chosen, indices, listed, title, write
from textual import events

from digit_tui.run import commands


class TestOrder:
    async def test_each_has_words_and_keeps_the_chosen_digit(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            now = {4: (7, 0.8), 17: (3, 0.6), 500: (1, 0.95)}
            await opened.tell(*story.epochs(1, {}), *story.epochs(1, now))
            await opened.press("end")
            seen = {}
            for _ in range(6):
                await opened.press("y")
                seen[title(opened)] = indices(opened)[:5]
                (chosen,) = [row for row in listed(opened) if row.startswith("▸")]
                assert chosen.split()[1] == "17"
            assert seen == {
                "3 mistakes by confidence": [500, 4, 17],
                "3 mistakes by index": [4, 17, 500],
                "3 mistakes most forgotten first": [500, 4, 17],
                "3 mistakes newly broken first": [500, 4, 17],
                "3 mistakes, none just fixed: by loss": [500, 4, 17],
                "3 mistakes by loss": [500, 4, 17],
            }

    async def test_the_number_is_what_the_list_goes_by(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            await opened.tell(*story.epochs(1, {}), *story.epochs(1, MISTAKES))
            await opened.press("y")
            assert listed(opened)[0] == "▸    31  9 → 0   99.0% ✗"
            await opened.press("y", "y")
            assert listed(opened)[0] == "▸    31  9 → 0      1× ✗"

    async def test_fixed_ones_are_listed_though_they_are_right(
        self, browse: Any, story: Any
    ) -> None:
        async with browse() as opened:
            await opened.tell(*story.epochs(1, {4: (7, 0.8), 250: (0, 0.51)}))
            await opened.press(*"yyyyy")
            assert indices(opened) == [17, 31, 4, 250]
            assert title(opened) == "2 mistakes and 2 fixed, just fixed first"
            await opened.press("v")
            assert title(opened) == "1,000 digits just fixed first"


class TestFilter:
    async def test_it_says_how_many_of_how_many(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            await write(opened, "true=0,9 conf>0.5")
            assert title(opened) == "4 mistakes by loss"  # not before enter
            await opened.press("enter")
            assert title(opened) == "2 of 4 mistakes, true=0,9 conf>0.5, by loss"
            assert indices(opened) == [31, 17]
            assert "/ true" not in opened.text

    async def test_keys_are_obeyed_in_the_order_in_which_they_are_typed(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            await write(opened, "true=1")
            typed = [
                "ctrl+u",
                *"true=9",
                "enter",
                "v",
                "slash",
                "x",
                "ctrl+u",
                *"index=31",
                "enter",
            ]
            names = {"=": "equals_sign"}
            for key in typed:  # quicker than any of them is taken in
                character = key if len(key) == 1 else None
                opened.app.post_message(events.Key(names.get(key, key), character))
            await opened.settle()
            assert title(opened) == "1 of 1,000 digits, index=31, by loss"
            assert "/ " not in opened.text.replace("/ Filter", "")

    async def test_letters_that_come_one_by_one_after_a_key_are_not_lost(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            app = opened.app
            for key in ["enter", "v", "slash", *"index", "equals_sign", "4", "enter"]:
                character = "=" if key == "equals_sign" else key if len(key) == 1 else None
                app.call_next(app.post_message, events.Key(key, character))
            await opened.settle()
            assert title(opened) == "1 of 1,000 digits, index=4, by loss"

    async def test_arrows_move_the_selection_meanwhile(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash", "down", "down", "up")
            assert chosen(opened) == 4
            opened.find("^ /$")

    async def test_an_explanation_stays_open(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("enter", "slash")
            await write(opened, "index=4")
            await opened.press("enter")
            opened.find("what if it were")
            opened.find("#4  1 → 7  loss")

    @pytest.mark.long
    async def test_escape_leaves_it_as_it_was(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            await write(opened, "true=9")
            await opened.press("enter", "slash")
            opened.find("^ / true=9")
            await write(opened, "pred=4")
            opened.find("^ / true=9 pred=4")
            await opened.press("escape")
            assert title(opened) == "1 of 4 mistakes, true=9, by loss"
            await opened.press("slash")
            assert opened.find("^ / .*").rstrip() == " / true=9"

    async def test_an_empty_one_lists_all(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            await write(opened, "true=9")
            await opened.press("enter", "slash", *["backspace"] * 7, "enter")
            assert title(opened) == "4 mistakes by loss"
            assert indices(opened) == [31, 4, 17, 250]

    async def test_a_wrong_one_says_what_is_wrong(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            await write(opened, "true=12")
            await opened.press("enter")
            row = next(number for number, text in enumerate(opened.rows) if "/ true=12" in text)
            assert opened.rows[row + 1] == " there is no class 12: they go from 0 to 9"
            assert title(opened) == "4 mistakes by loss"
            await opened.press("backspace")
            assert "there is no class" not in opened.text
            await opened.press("enter")
            assert title(opened) == "1 of 4 mistakes, true=1, by loss"

    async def test_no_key_steers_the_run_meanwhile(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            await write(opened, "snNoq 1[]caufkerT?vy")
            await opened.press("home", "left", "right", "end")
            assert opened.sent == []
            opened.find(r"/ snNoq 1\[\]caufkerT\?vy")
            await opened.press("ctrl+c")
            assert opened.sent == [commands.Pause()]
            await opened.press(*["tab"] * 5)
            assert "/ snNoq" not in opened.text  # what is typed elsewhere is not for it
            await opened.press("down")
            assert chosen(opened) == 4

    async def test_where_it_lets_nothing_through(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            await write(opened, "true=2 index=4")
            await opened.press("enter")
            assert title(opened) == "0 of 4 mistakes, true=2 index=4, by loss"
            opened.find("No such digit. Press esc to")
            await opened.press("down", "enter", "p", "y", "g")
            opened.find("No such digit. Press esc to list all again")  # the gallery says it too
            await opened.press("g", "v")
            assert title(opened) == "0 of 1,000 digits, true=2 index=4, by confidence"
            await opened.press("escape")
            assert title(opened) == "1,000 digits by confidence"

    async def test_right_ones_are_shown_where_no_mistake_is_meant(self, browse: Any) -> None:
        async with browse() as opened:
            opened.app.screen.choose("true=4 pred=4", "confusion")
            await opened.settle()
            assert re.fullmatch(r"\d+ of 1,000 digits, true=4 pred=4, by loss", title(opened)), (
                title(opened)
            )

    async def test_only_as_long_as_the_filter_has_no_mistake(self, browse: Any) -> None:
        async with browse() as opened:
            before = title(opened)
            await opened.press("slash", *"true=4", "enter")
            assert re.fullmatch(r"\d+ of 1,000 digits, true=4, none wrong, by loss", title(opened))
            await opened.press("v")
            assert title(opened) == "0 of 4 mistakes, true=4, by loss"
            await opened.press("escape")
            assert title(opened) == before

    async def test_it_can_be_set_from_elsewhere(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("end", "enter", "slash")
            opened.app.screen.choose("true=1 pred=7", "confusion")
            await opened.settle()
            assert title(opened) == "1 of 4 mistakes, true=1 pred=7, by loss"
            assert chosen(opened) == 4
            assert "/ " not in opened.text.replace("/ Filter", "")
