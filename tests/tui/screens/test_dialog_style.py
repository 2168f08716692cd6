"""All dialogs look alike, in all themes, and fit a small terminal."""

from __future__ import annotations

from typing import Any

import pytest
from support.rarely import rarely
from support.steering import forked
from textual.widgets import OptionList

from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.events import SnapshotInfo
from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.screens.network.units import UnitsPage
from digit_tui.tui.themes import THEMES
from digit_tui.tui.widgets.button import Button

DIALOGS = {
    "Optimizer": (["o"], ["enter", "esc"]),
    "Timeline": (["U"], ["→", "esc"]),
    "Help: Training": (["question_mark"], ["k", "m", "esc"]),
    "Manual": (["question_mark", "m"], ["enter", "esc"]),
    "Manual: start": (["question_mark", "m", "enter"], ["esc"]),
    "Fork": (["f"], ["enter", "esc"]),
    "Restart": (["r"], ["enter", "esc"]),
    "Learning rate": (["L"], ["enter", "esc"]),
    "Prune": (["w"], ["enter", "esc"]),
    "Keep": (["k"], ["enter", "esc"]),
    "Log": (["G"], ["esc"]),
}
"""What opens each, by its title, and the keys that its buttons name."""


@pytest.mark.parametrize("key", ["f", *rarely("o", "r", "U", "k")])
async def test_help_comes_before_it_is_answered(window: Any, story: Any, key: str) -> None:
    async with window() as opened:
        snapshots = [SnapshotInfo(0, 0.0, (), 0.9, "", False)]
        await opened.tell(*story.opening(), happened.TimelineChanged(snapshots))
        if key == "k":
            await opened.tell(forked(story, "optimizer sgd"))
        await opened.press(key)
        dialog = opened.app.screen
        await opened.press("question_mark")
        opened.find("─ Help: Training ─")
        opened.find("In this dialog")
        await opened.press("escape")
        assert opened.app.screen is dialog
        await opened.press(key)
        assert opened.app.screen is dialog  # only enter answers
        assert opened.sent == []


async def test_help_is_opened_once(window: Any) -> None:
    """Each screen below is drawn too: a heap of them would need more stack than there is."""
    async with window() as opened:
        await opened.press("question_mark", "m", "question_mark", "m", "question_mark")
        titles = [screen.title for screen in opened.app.screen_stack[1:]]
        assert titles == ["Help: Training", "Manual"]


@pytest.mark.long
@pytest.mark.parametrize("size", [(60, 20), *rarely((80, 24))])
async def test_one_frame_with_a_title_and_buttons(
    window: Any, story: Any, size: tuple[int, int]
) -> None:
    snapshots = [SnapshotInfo(step, step / 100, (), 0.9, "", False) for step in range(3_000)]
    async with window(*size) as opened:
        app = opened.app
        await opened.tell(*story.opening(), happened.TimelineChanged(snapshots))
        for title, (keys, named) in DIALOGS.items():
            if title == "Keep":
                app.show_view("train")
                await opened.tell(forked(story, "optimizer sgd"))
            if title == "Prune":
                app.show_view("network")
                await opened.settle()
                app.screen.show_page(UnitsPage)
                await opened.settle()
            await opened.press(*keys)
            dialog = app.screen
            assert isinstance(dialog, Dialog)
            opened.find(f"╭─ {title} ─+╮")
            (box,) = dialog.query(".dialog")
            assert box.region in dialog.region
            assert box.styles.border_top[0] == "round"
            buttons = [button for button in dialog.query(Button) if button.display]
            texts = [str(button.render()).split()[0] for button in buttons]
            assert texts == named
            assert all(box.region.contains_region(button.region) for button in buttons)
            assert {button.region.y for button in buttons} == {box.region.bottom - 2}
            for lines in dialog.query(OptionList):
                assert not title.startswith(("Optimizer", "Keep")) or not lines.max_scroll_y
            for _ in keys:
                await opened.press("escape")
            assert app.screen is app.screen_stack[0]


async def test_a_theme_changes_all_of_its_colours(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        seen = set()
        for theme in THEMES:
            opened.app.theme = theme.name
            await opened.press("f")
            (box,) = opened.app.screen.query(".dialog")
            button = opened.app.screen.query(Button).first()
            colours = (
                box.styles.border_top[1].hex,
                box.styles.background.hex,
                button.styles.background.hex,
                button.styles.color.hex,
            )
            assert len(set(colours)) == len(colours)
            assert abs(button.styles.color.brightness - button.styles.background.brightness) > 0.5
            seen.add(colours)
            await opened.press("escape")
        assert len(seen) == len(THEMES)


@pytest.mark.parametrize("size", [(40, 12), (59, 24), (80, 19)])
async def test_none_opens_where_there_is_no_room(
    window: Any, story: Any, size: tuple[int, int]
) -> None:
    async with window(*size) as opened:
        snapshots = [SnapshotInfo(0, 0.0, (), 0.9, "", False)]
        await opened.tell(*story.opening(), happened.TimelineChanged(snapshots))
        await opened.press("question_mark", "U", "r", "o", "f", "ctrl+p")
        await opened.tell(forked(story, "optimizer sgd"))
        await opened.press("k")
        assert len(opened.app.screen_stack) == 1
        await opened.press("q")
        assert opened.sent == [commands.Stop()]


async def test_a_row_out_of_sight_is_scrolled_to(window: Any, story: Any) -> None:
    async with window(60, 20) as opened:
        await opened.tell(*story.opening())
        await opened.press("f")
        await opened.resize(60, 10)
        assert "augmentation" not in opened.text
        await opened.press("up", "up", "up")
        opened.find(r"▸ augmentation \[none\]")
        opened.find("enter Start")
