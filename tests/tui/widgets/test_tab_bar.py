"""The tabs of the views."""

from __future__ import annotations

from typing import Any

import pytest

from digit_tui.tui.widgets.tab_bar import TabBar

TABS = ["Training", "Mistakes", "Confusion", "Network", "Draw"]


async def test_the_view_that_is_shown_stands_out(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        for name in (*TABS, TABS[0]):
            bar = opened.app.screen.query_one(TabBar)
            (line,) = [[*strip] for strip in bar._strips]
            bold = [
                segment.text.strip() for segment in line if segment.style and segment.style.bold
            ]
            assert bold == [name]
            assert opened.rows[0].split()[: len(TABS)] == TABS
            await opened.press("tab")


async def test_a_click_shows_another_one(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        for name in reversed(TABS):
            await opened.pilot.click(TabBar, offset=(opened.rows[0].index(name) + 2, 0))
            await opened.settle()
            assert name == opened.app.screen.TAB
        await opened.pilot.click(TabBar, offset=(60, 0))  # beside them
        await opened.settle()
        assert TABS[0] == opened.app.screen.TAB


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_it_says_what_learns_what(window: Any, story: Any, width: int) -> None:
    async with window(width, 24) as opened:
        await opened.tell(*story.opening())
        assert opened.rows[0].endswith(" sample" if width == 60 else " sample · 784-128-10")
