"""Keys in forms, many in one write."""

from __future__ import annotations

from typing import Any

from digit_tui.run import commands

DOWN, UP, LEFT = b"\x1b[B", b"\x1b[A", b"\x1b[D"


async def test_what_is_typed_counts_in_its_order(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.press("f")
        opened.type(DOWN * 2 + b"0.25\r.")  # what follows the enter comes too late
        await opened.settle()
        assert opened.sent == [commands.Fork((commands.SetLearningRate(0.25),))]


async def test_a_number_on_a_choice_goes_to_the_line_below_it(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.press("f")
        opened.type(b"7" + DOWN + b".25")  # an optimizer has no number
        await opened.settle()
        opened.find("▸ +or +.25 ")
        await opened.press("enter")
        assert opened.sent == [commands.Fork((commands.SetLearningRate(0.25),))]


async def test_a_row_stays_selected_when_the_focus_of_another_is_late(
    window: Any, story: Any
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("r")
        opened.type(DOWN * 2 + b"64,32")
        await opened.settle()
        opened.find("  data +sample ")
        opened.find("▸ hidden layers 64,32 ")
        opened.type(DOWN + b"7" + UP + LEFT * 9 + b"1")  # a value is replaced, or edited
        await opened.settle()
        opened.find("▸ hidden layers 164,32 ")
        opened.find("  batch size +7 ")
        opened.type(b"\t\t\t\t" + LEFT)
        await opened.settle()
        opened.find(r"▸ data +sample ")
        opened.type(b"\x1b[Z" + LEFT)
        await opened.settle()
        opened.find(r"▸ preset .*\[record\]")


async def test_a_question_mark_is_no_value_but_asks_for_help(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.press("f")
        opened.type(DOWN * 2 + b"0.2?")
        await opened.settle()
        opened.find("Help: Training")
        opened.find("In this dialog")
        await opened.press("escape")
        opened.find("or +0.2 ")
        await opened.press("enter")
        assert opened.sent == [commands.Fork((commands.SetLearningRate(0.2),))]
