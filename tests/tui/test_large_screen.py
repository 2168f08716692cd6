"""A large terminal has more to see, not the same larger."""

from __future__ import annotations

from typing import Any

import pytest
from support.confusion_view import FIRST
from support.mistakes_view import chosen, listed
from support.steering import back

from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.widgets.cell_digits import CellDigits
from digit_tui.tui.widgets.pictures import DigitPicture, Gallery

LARGE = (200, 60)
PANELS = (
    *("Loss by epoch, log", "Error by epoch, log", "Confusion of test digits, columns: predicted"),
    *("Gradient norm by epoch", "Learning rate by epoch", "Images per second by epoch"),
    *("Log", "Hardest of 4 test mistakes at epoch 1.30, true → predicted, by loss"),
)


def place(opened: Any, text: str) -> tuple[int, int]:
    """Column and row of the first character of a text."""
    y = next(at for at, row in enumerate(opened.rows) if text in row)
    return opened.rows[y].index(text), y


async def click(opened: Any, x: int, y: int) -> None:
    opened.type(b"\x1b[<0;%d;%dM\x1b[<0;%d;%dm" % (x + 1, y + 1, x + 1, y + 1))
    await opened.settle()


async def test_training_shows_all_that_there_is(window: Any, story: Any) -> None:
    async with window(*LARGE) as opened:
        await opened.tell(*story.opening(), story.steps(30, rate=0.001), *story.epochs(1, FIRST))
        await opened.tell(story.steps(30, rate=0.0005))
        for panel in PANELS:
            opened.find(f"─ {panel}")
        x, y = place(opened, "─ Learning rate by epoch")
        labels = [row[x - 2 : x + 8] for row in opened.rows[y + 1 :]]
        assert any("0.0009" in label for label in labels)
        await opened.resize(120, 40)
        for panel in ("Learning rate by", "Images per second", "Confusion of"):
            assert panel not in opened.text
        await opened.resize(*LARGE)
        opened.find("Learning rate by epoch")


async def test_a_cell_of_the_small_matrix_opens_the_large_one(window: Any, story: Any) -> None:
    async with window(*LARGE) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, FIRST))
        x, y = place(opened, " true ")
        row = next(at for at in range(y + 1, 60) if opened.rows[at][x:].lstrip().startswith("9 "))
        await click(opened, opened.rows[y].index("0", x), row)
        assert isinstance(opened.app.screen, ConfusionView)
        opened.find("9 taken for 0: 1 of 100")


async def test_a_digit_of_the_second_row_is_opened(window: Any, story: Any) -> None:
    mistakes = {each: ((label + 1) % 10, 0.9) for each, label in labels_of(story)[:12]}
    async with window(*LARGE) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, mistakes))
        x, y = place(opened, "─ Hardest of 12 test mistakes")
        await click(opened, x + 3, y + 11)
        assert isinstance(opened.app.screen, MistakesView)
        assert chosen(opened) == [*mistakes][8]


def labels_of(story: Any) -> list[tuple[int, int]]:
    return list(enumerate(story.dataset.test_labels.tolist()))


async def test_the_digits_of_the_chosen_cell(confuse: Any) -> None:
    async with confuse(*LARGE) as opened:
        opened.find("─ 0 → 0: the hardest 18 of 99 ─")
        await opened.press("right")
        opened.find("─ 0 → 1: no digit ─")
        await opened.press("home")
        opened.find("─ 0 → 3: the one digit ─")
        opened.find("0→3 60%")
        region = opened.app.screen.query_one(CellDigits).region
        await click(opened, region.x + 5, region.y + 4)
        assert isinstance(opened.app.screen, MistakesView)
        assert chosen(opened) == 17


@pytest.mark.parametrize(("size", "rows"), [((80, 24), 14), (LARGE, 28)])
async def test_the_chosen_digit_grows(browse: Any, size: tuple[int, int], rows: int) -> None:
    async with browse(*size) as opened:
        picture = opened.app.screen.query_one(DigitPicture)
        assert len(picture._strips) == rows


@pytest.mark.parametrize(
    ("count", "rows"),
    [(4, 14), *(pytest.param(*each, marks=pytest.mark.long) for each in ((3, 28), (19, 7)))],
)
async def test_pictures_of_the_gallery_fill_the_room(
    browse: Any, story: Any, count: int, rows: int
) -> None:
    mistakes = {each: ((label + 1) % 10, 0.9) for each, label in labels_of(story)[:count]}
    async with browse(*LARGE, mistakes=mistakes) as opened:
        await opened.press("g")
        caption = next(iter(opened.app.screen.query_one(Gallery).render_line(0)))
        assert caption.cell_length == 2 * rows


async def test_a_list_that_became_shorter_fills_its_rows(browse: Any, story: Any) -> None:
    mistakes = {each: ((label + 1) % 10, 0.9) for each, label in labels_of(story)[:60]}
    async with browse(mistakes=mistakes) as opened:
        await opened.press("end")
        few = dict([*mistakes.items()][50:])
        await opened.tell(*story.epochs(1, few))
        assert len(listed(opened)) == len(few)
        await opened.tell(*story.epochs(1, mistakes))
        await opened.press("end")
        await opened.resize(*LARGE)
        rows = [row.removeprefix("│")[:26] for row in opened.rows[3:55]]
        assert all(row.strip() for row in rows)


async def test_what_is_computed_again_is_said(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(3), back(story, 100, ahead=50))
        assert opened.rows[1].startswith(" ↻ repeating to epoch 1.50  epoch 1.00/25")
        await opened.tell(story.steps(49))
        opened.find("↻ repeating")
        await opened.tell(story.paused())
        opened.find("⏸ paused, repeating to epoch 1.50")
        await opened.tell(story.resumed(), story.steps(1))
        assert opened.rows[1].startswith(" ▶ training  epoch 1.50/25")
