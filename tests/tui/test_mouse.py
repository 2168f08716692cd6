"""Clicks and the wheel, as a terminal sends them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.confusion_view import chosen as chosen_cell
from support.mistakes_view import chosen

from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.events import SnapshotInfo
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.train import TrainView


async def click(opened: Any, text: str, row: int = 0, right: int = 0) -> None:
    """Click where a text is; or in the row so far below, and so far right of its beginning."""
    (y,) = [at for at, line in enumerate(opened.rows) if text in line][:1]
    x, y = opened.rows[y].index(text) + right + 1, y + row + 1
    opened.type(b"\x1b[<0;%d;%dM\x1b[<0;%d;%dm" % (x, y, x, y))
    await opened.settle()


async def turn(opened: Any, text: str, down: bool) -> None:
    """Turn the wheel where a text is."""
    (y,) = [at for at, line in enumerate(opened.rows) if text in line][:1]
    x = opened.rows[y].index(text)
    opened.type(b"\x1b[<%d;%d;%dM" % (65 if down else 64, x + 1, y + 1))
    await opened.settle()


async def test_a_row_of_the_list(browse: Any) -> None:
    async with browse() as opened:
        await click(opened, " 17  0 → 3")
        assert chosen(opened) == 17
        opened.find("#17  0 → 3  loss")
        await click(opened, "250  8 → 0", row=1)  # below the last one
        assert chosen(opened) == 17


async def test_the_wheel_on_the_list(browse: Any) -> None:
    async with browse() as opened:
        await turn(opened, " 17  0 → 3", down=True)
        assert chosen(opened) == 4
        await turn(opened, " 17  0 → 3", down=False)
        await turn(opened, " 17  0 → 3", down=False)
        assert chosen(opened) == 31


async def test_a_picture_of_the_gallery(browse: Any) -> None:
    async with browse() as opened:
        await opened.press("g")
        await click(opened, "#17 0 → 3", row=4, right=6)
        opened.find("▸#17 0 → 3")
        await click(opened, "#17 0 → 3", row=4, right=13)  # between two
        opened.find("▸#17 0 → 3")
        await turn(opened, "#17 0 → 3", down=True)
        assert "▸#17" not in opened.text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_cell_of_the_matrix(confuse: Any, size: tuple[int, int]) -> None:
    async with confuse(*size) as opened:
        head = next(row for row in opened.rows if " true " in row)
        (y,) = [at for at, row in enumerate(opened.rows) if re.match(r"\W* 9 ", row)][:1]
        x = head.index("0")
        for _ in range(2):
            opened.type(b"\x1b[<0;%d;%dM\x1b[<0;%d;%dm" % (x + 1, y + 1, x + 1, y + 1))
            await opened.settle()
            if not isinstance(opened.app.screen, MistakesView):
                assert chosen_cell(opened) == "1"
                opened.find("9 taken for 0")
        assert chosen(opened) == 31  # the second click shows its digits
        opened.find("true=9 pred=0")


async def test_the_wheel_on_the_matrix(confuse: Any) -> None:
    async with confuse() as opened:
        await turn(opened, " true", down=True)
        await turn(opened, " true", down=True)
        assert chosen_cell(opened) == "."
        await turn(opened, " true", down=False)
        await turn(opened, " true", down=False)
        assert chosen_cell(opened) == "99"


async def test_the_buttons_of_a_dialog(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.press("f", "right")
        await click(opened, "esc Cancel")
        assert isinstance(opened.app.screen, TrainView)
        await opened.press("f", "right")
        await click(opened, "enter Start")
        assert opened.sent == [commands.Fork((commands.SetOptimizer("adamw"),))]
        await opened.press("o")
        await click(opened, "1 sgd")  # selects
        await click(opened, "enter Switch")
        assert opened.sent[1:] == [commands.SetOptimizer("sgd")]
        await opened.press("question_mark")
        await click(opened, "m Manual")
        await click(opened, "enter Open")
        opened.find("Manual: start")
        for _ in range(2):
            await click(opened, "esc Back")
        await click(opened, "esc Close")
        assert isinstance(opened.app.screen, TrainView)


async def test_a_click_in_a_list_selects_and_one_more_chooses(window: Any, story: Any) -> None:
    moments = [SnapshotInfo(step, step / 100, (), 0.9, "then try", False) for step in (0, 40, 80)]
    async with window() as opened:
        await opened.tell(*story.opening(), happened.TimelineChanged(moments))
        for key, text, told, command in (
            ("o", "1 sgd ", "sgd: learning rate 0.001 → 0.1", commands.SetOptimizer("sgd")),
            ("U", "epoch   0.40 ", "to epoch 0.40; what was undone last", commands.GoBack(40, ())),
        ):
            sent = len(opened.sent)
            await opened.press(key)
            await click(opened, text)
            assert len(opened.sent) == sent
            opened.find(told)
            opened.find(f"▸ .*{text}|▸ {text}")
            await click(opened, text)
            assert opened.sent[sent:] == [command]
            assert isinstance(opened.app.screen, TrainView)


async def test_the_values_of_a_form(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.press("f")
        await click(opened, "0.0005")
        opened.find(r"▸ learning rate .* \[0.0005\] 0.001 ")
        await click(opened, " augmentation")  # the row, and none of its values
        opened.find(r"▸ augmentation \[none\]")
        await click(opened, "another learning rate")
        await opened.press("3")
        opened.find("The copy: learning rate 3[.]")
        await click(opened, " 0.01 ")
        opened.find("The copy: learning rate 0.01[.]")
        await opened.resize(60, 20)  # not all have room
        await click(opened, "0.002")
        opened.find("The copy: learning rate 0.002[.]")
