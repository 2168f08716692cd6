"""Keys in one write: a key comes before what the key before it opens is on screen."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("termios")

from rich.style import Style
from support.rarely import endurance, rarely
from textual.command import CommandPalette
from textual.events import Click, Resize
from textual.geometry import Size
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList

from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.events import SnapshotInfo
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.widgets.confusion_matrix import Cell

OPENERS = {"palette": b"\x10", "optimizer": b"o", "timeline": b"U", "fork": b"f", "help": b"?"}
OPENERS["restart"] = b"r"
"""What opens something."""
KEYS = {
    "page down": b"\x1b[6~",
    "page up": b"\x1b[5~",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "ctrl+home": b"\x1b[1;5H",
    "ctrl+end": b"\x1b[1;5F",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "enter": b"\r",
    "tab": b"\t",
    "click": b"\x1b[<0;40;12M\x1b[<0;40;12m",
    "three clicks": b"\x1b[<0;40;6M\x1b[<0;40;6m" * 3,
    "wheel": b"\x1b[<65;40;12M",
    "paste": b"\x1b[200~paste\x1b[201~",
}
TURNS = (0, 3, 9, 20, 40)
"""So many turns of the event loop lie between two writes."""


@pytest.mark.parametrize("opener", ["palette", *endurance(*[*OPENERS][1:])])
@pytest.mark.parametrize("key", ["page down", *rarely(*[*KEYS][1:])])
async def test_no_key_comes_too_early(window: Any, story: Any, opener: str, key: str) -> None:
    snapshots = [SnapshotInfo(step, step / 100, (), None, "", False) for step in (100, 200)]
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        await opened.tell(happened.TimelineChanged(snapshots))
        for turns in TURNS:
            for data in (OPENERS[opener], KEYS[key] * 2):
                opened.type(data)
                for _ in range(turns):
                    await asyncio.sleep(0)
            await opened.settle()
            while isinstance(opened.app.screen, ModalScreen):
                await opened.press("escape")


@pytest.mark.parametrize("height", [1, *rarely(3, 4, 5, 24)])
async def test_a_list_without_room_has_no_pages(window: Any, story: Any, height: int) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("ctrl+p")
        await opened.resize(80, height)
        palette = opened.app.screen
        assert isinstance(palette, CommandPalette)
        await opened.until(lambda: palette.query_one(OptionList).option_count)
        await opened.press("pagedown", "pageup", "pagedown")
        await opened.resize(80, 24)
        await opened.press("pagedown")
        assert palette.query_one(OptionList).highlighted
        await opened.press("escape", "o", "pagedown", "pageup", "escape")
        assert not isinstance(opened.app.screen, ModalScreen)


async def test_a_click_on_an_option_that_has_gone(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await open_palette(opened, "theme")
        options = opened.app.screen.query_one(OptionList)
        await opened.until(lambda: options.option_count)
        last = Style(meta={"option": options.option_count - 1})
        place = {"x": 3, "y": 3, "delta_x": 0, "delta_y": 0, "button": 1}
        options.post_message(
            Click(options, **place, shift=False, meta=False, ctrl=False, style=last)
        )
        options.clear_options()
        await opened.settle()
        assert isinstance(opened.app.screen, CommandPalette)


async def test_a_click_beside_the_screen(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("ctrl+p")
        palette = opened.app.screen
        place = {"x": 99, "y": 40, "delta_x": 0, "delta_y": 0, "button": 1}
        palette.post_message(Click(palette, **place, shift=False, meta=False, ctrl=False))
        await opened.settle()
        assert opened.app.screen is palette


class TestASecondKeyInOneWrite:
    """It finds what the first one has closed, or has opened something on."""

    async def test_a_theme_is_chosen_once(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            await open_palette(opened, "theme")
            opened.type(b"\r")
            await opened.until(lambda: option_count(opened) > 5)
            opened.type(b"\x1b[B\r\r\r")
            await opened.until(lambda: not isinstance(opened.app.screen, ModalScreen))
            await opened.settle()
            assert opened.app.theme != "digit-dark"

    async def test_a_command_is_run_once(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            await open_palette(opened, "ten epochs")
            opened.type(b"\r\r\r")
            await opened.until(lambda: opened.sent)
            await opened.settle()
            assert opened.sent == [commands.AddEpochs(10)]

    async def test_a_topic_is_opened_once(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            opened.type(b"?mm")
            await opened.settle()
            opened.type(b"\x1b[B\r\r\r")
            await opened.settle()
            names = [type(screen).__name__ for screen in opened.app.screen_stack]
            assert names == ["TrainView", "HelpDialog", "ManualDialog", "TopicDialog"]


def option_count(opened: Any) -> int:
    """Of the list that is on top."""
    lists = opened.app.screen.query(OptionList)
    return int(lists.first().option_count) if lists else 0


async def open_palette(opened: Any, text: str) -> None:
    """Search a command, and choose it but for the enter."""
    await opened.press("ctrl+p")
    palette = opened.app.screen
    opened.type(text.encode())
    await opened.until(lambda: palette.query_one(Input).value == text)
    await opened.until(lambda: option_count(opened) == 1)
    opened.type(b"\x1b[B")
    await opened.settle()


async def test_a_click_that_comes_after_a_dialog_was_opened_changes_no_view(
    window: Any, story: Any
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}))
        await opened.press("question_mark")
        dialog = opened.app.screen
        opened.app.show_digit(4)
        opened.app.show_cell(Cell(4, 7))
        await opened.settle()
        assert opened.app.screen is dialog
        await opened.press("escape")
        assert isinstance(opened.app.screen, TrainView)


async def test_sizes_that_cross_each_other_come_to_rest(
    window: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out = 0
    refresh_layout = Screen._refresh_layout

    def count(self: Any, *values: Any, **named: Any) -> None:
        nonlocal laid_out
        laid_out += 1
        if laid_out < 1_000:  # or it would go on for ever, and nothing else would get its turn
            refresh_layout(self, *values, **named)

    async with window() as opened:
        await opened.tell(*story.opening())
        view = opened.app.screen
        await opened.press("question_mark")  # a view under a dialog is given sizes by both
        monkeypatch.setattr(Screen, "_refresh_layout", count)
        for size in (Size(120, 40), Size(80, 24)) * 3:
            view.post_message(Resize(size, size))
            view.call_later(lambda: None)
        await opened.settle()
        assert laid_out < 100
        assert view.size == opened.app.size
