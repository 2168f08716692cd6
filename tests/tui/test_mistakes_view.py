"""The digits that the network gets wrong, as characters."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual import events

from digit_tui.data import Dataset, draw_braille, draw_digit
from digit_tui.nn import Evaluation
from digit_tui.run import commands
from digit_tui.run.settings import Settings
from digit_tui.tui.widgets.pictures import DigitPicture

# Index to (predicted, its probability); the higher, the higher the loss.
MISTAKES = {4: (7, 0.8), 17: (3, 0.6), 250: (0, 0.51), 31: (0, 0.99)}


def listed(opened: Any) -> list[str]:
    """The rows of the list, without the empty ones."""
    rows = [row[:26].rstrip() for row in opened.rows[3:20]]
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
            assert opened.rows[2].rstrip("─") == "─4 mistakes by loss"
            assert opened.rows[3].endswith("#31  9 → 0  loss 4.61")

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
            assert len(rows) == 17
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
            opened.find("The test digits have not been evaluated")
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
            assert len(listed(opened)) == 17
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
            await opened.press("tab", "tab")
            assert chosen(opened) == 17
            assert len(listed(opened)) == 5


def title(opened: Any) -> str:
    """The line above the list, in words."""
    return str(opened.rows[2].strip("─"))


def indices(opened: Any) -> list[int]:
    return [int(row[1:8]) for row in listed(opened)]


async def write(opened: Any, text: str) -> None:
    """Type into the filter, key by key."""
    for letter in text:
        name = {"=": "equals_sign", ">": "greater_than_sign", " ": "space"}.get(letter, letter)
        opened.app.post_message(events.Key(name, letter))
        await opened.pilot.pause(0)
    await opened.settle()


class TestOrder:
    async def test_each_has_its_words_and_begins_at_the_top(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            now = {4: (7, 0.8), 17: (3, 0.6), 500: (1, 0.95)}
            await opened.tell(*story.epochs(1, {}), *story.epochs(1, now))
            await opened.press("end")
            seen = {}
            for _ in range(6):
                await opened.press("y")
                seen[title(opened)] = indices(opened)[:5]
                assert listed(opened)[0].startswith("▸")
            assert seen == {
                "3 mistakes by confidence": [500, 4, 17],
                "3 mistakes by index": [4, 17, 500],
                "3 mistakes most forgotten first": [500, 4, 17],
                "3 mistakes newly broken first": [500, 4, 17],
                "1,000 digits just fixed first": [500, 4, 17, 0, 1],
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
            assert indices(opened)[:3] == [17, 31, 4]


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
            await opened.press("tab", "tab", "tab")
            assert "/ snNoq" not in opened.text  # what is typed elsewhere is not for it
            await opened.press("down")
            assert chosen(opened) == 4

    async def test_where_it_lets_nothing_through(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("slash")
            await write(opened, "true=2 index=4")
            await opened.press("enter")
            assert title(opened) == "0 of 4 mistakes, true=2 index=4, by loss"
            opened.find("No such digit. Press / to")
            await opened.press("down", "enter", "p", "g", "y", "escape", "v")
            assert title(opened) == "0 of 1,000 digits, true=2 index=4, by confidence"

    async def test_right_ones_are_shown_where_no_mistake_is_meant(self, browse: Any) -> None:
        async with browse() as opened:
            opened.app.screen.choose("true=4 pred=4")
            await opened.settle()
            assert re.fullmatch(r"\d+ of 1,000 digits, true=4 pred=4, by loss", title(opened)), (
                title(opened)
            )

    async def test_it_can_be_set_from_elsewhere(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("end", "enter", "slash")
            opened.app.screen.choose("true=1 pred=7")
            await opened.settle()
            assert title(opened) == "1 of 4 mistakes, true=1 pred=7, by loss"
            assert chosen(opened) == 4
            assert "/ " not in opened.text.replace("/ Filter", "")


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

    @pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
    async def test_it_opens_and_goes_back(self, browse: Any, size: Any) -> None:
        async with browse(*size) as opened:
            await opened.press("g", "right", "enter")
            opened.find("#4  1 → 7  loss 1.61")
            opened.find("never learned")
            await opened.press("escape")
            opened.find("#31 9 → 0 +▸#4 1 → 7")
            assert "never learned" not in opened.text


class TestDrawing:
    async def test_the_ways(self, browse: Any, sample: Dataset) -> None:
        async with browse() as opened:
            picture = sample.test_images[31].reshape(28, 28)
            assert "▀" in opened.text
            await opened.press("m")
            wanted = [line for line in draw_braille(picture, 28, 14) if line.strip()]
            assert all(line.strip() in opened.text for line in wanted)
            assert "▀" not in opened.text
            await opened.press("m")
            wanted = [line for line in draw_digit(picture, 28, 14) if line.strip()]
            assert all(line.strip() in opened.text for line in wanted)
            await opened.press("m")
            assert "▀" in opened.text

    @pytest.mark.parametrize("light", [False, True])
    async def test_two_pixels_a_cell_in_shades_of_the_theme(
        self, browse: Any, sample: Dataset, light: bool
    ) -> None:
        async with browse() as opened:
            if light:
                await opened.press("T")
            picture = opened.app.screen.query_one(DigitPicture)
            drawn = [
                [
                    (segment.style.color.triplet[0], segment.style.bgcolor.triplet[0])
                    for segment in picture.render_line(y)
                    for _ in segment.text
                ][:28]
                for y in range(14)
            ]
            shades = np.array(drawn).transpose(0, 2, 1).reshape(28, 28)
            pixels = sample.test_images[31].reshape(28, 28)
            paper, ink = shades[pixels == 0], shades[pixels > 247]
            assert len(set(paper.tolist())) == 1
            assert np.abs(np.diff(ink)).max() == 0
            assert (int(paper[0]) > int(ink[0])) == light
            assert np.corrcoef(shades.ravel(), pixels.ravel())[0, 1] * (-1 if light else 1) > 0.99

    @pytest.mark.parametrize(
        "environment", [{"NO_COLOR": "1"}, {"TERM": "xterm"}, {"PYTHONIOENCODING": "ascii"}]
    )
    async def test_poor_terminals_get_ascii(
        self, window: Any, story: Any, monkeypatch: pytest.MonkeyPatch, environment: Any
    ) -> None:
        replaced = environment.pop("PYTHONIOENCODING", None)
        if replaced:
            monkeypatch.setattr("digit_tui.tui.terminal.charset.charset", lambda: replaced)
        async with window(environment=environment) as opened:
            await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
            await opened.press("tab")
            assert "▀" not in opened.text
            opened.find("[@#*]{3}")


class TestDigit:
    async def test_the_probabilities(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("down")
            column = opened.rows[4].index("rank 2")
            shown = [row[column:].rstrip() for row in opened.rows[4:15]]
            assert shown == [
                "rank 2, margin -0.60",
                " 0           0.0%",
                " 1 █▍       20.0% true",
                *(f"{digit:>2}           0.0%" for digit in range(2, 7)),
                " 7 █████▋   80.0% pred",
                " 8           0.0%",
                " 9           0.0%",
            ]

    @pytest.mark.parametrize(("size", "rows"), [((80, 24), 14), ((120, 40), 14), ((60, 20), 12)])
    async def test_the_picture_is_as_large_as_fits(
        self, browse: Any, sample: Dataset, size: tuple[int, int], rows: int
    ) -> None:
        async with browse(*size) as opened:
            await opened.press("down", "m", "m")  # ASCII
            wanted = draw_digit(sample.test_images[4].reshape(28, 28), 2 * rows, rows)
            ink = [line.strip() for line in wanted if line.strip()]
            at = [number for number, row in enumerate(opened.rows) if ink[0] in row]
            assert any(
                all(line in row for line, row in zip(ink, opened.rows[start:], strict=False))
                for start in at
            ), opened.text

    async def test_the_gallery_shows_the_page_of_the_chosen_one(self, browse: Any) -> None:
        async with browse(120, 40) as opened:
            opened.find("▸#31 9 → 0 +#4 1 → 7 +#17 0 → 3 +#250 8 → 0")
            await opened.press("v", "end")
            opened.find("▸#999 ")
            assert "#4 1 → 7" not in opened.text

    async def test_a_new_size_is_used_at_once(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.resize(120, 40)
            opened.find("#31 9 → 0 +#4 1 → 7 +#17 0 → 3")
            await opened.press("tab")
            await opened.resize(80, 24)
            await opened.press("tab", "tab")
            opened.find("4 mistakes by loss")
            assert "#4 1 → 7" not in opened.text
            assert "-narrow" in opened.app.screen.classes

    async def test_a_network_that_diverged(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            labels = story.dataset.test_labels
            holes = np.full((len(labels), 10), np.nan, np.float32)
            look = Evaluation(labels, holes, np.full(len(labels), np.nan, np.float32))
            await opened.tell(story.look(200, 2.0, look))
            opened.find(r"^─\d+ mistakes by loss─")
            opened.find(r"#\d+  \d → 0  loss nan")
            assert listed(opened)[0].endswith("nan ✗")


async def test_keys_that_come_before_the_widgets_do_no_harm(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
        for key in ("tab", "enter", "p", "v", "down", "slash", "g", "y", "m", "escape"):
            opened.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await opened.settle()
        await opened.press("escape")
        opened.find("v All")


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
