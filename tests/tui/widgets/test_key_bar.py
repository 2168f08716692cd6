"""The line of keys at the bottom."""

from __future__ import annotations

from typing import Any

import pytest
from support.rarely import endurance, rarely
from textual.command import CommandPalette

from digit_tui.run import commands
from digit_tui.tui.app import DigitApp

WANTED = ["u U Undo", "space Pause", "tab View", "? Help", "ctrl+p More", "q Quit"]
OF_MISTAKES = ["⏎ Why", "/ Filter", "y Order", "↑ ↓ Move"]
OF_VIEWS = [["[ ] Rate", "f Fork"], OF_MISTAKES, ["⏎ Digits", "d Change"]]


@pytest.mark.parametrize("height", [24, *rarely(40)])
async def test_under_a_dialog_it_has_only_what_works_there(
    window: Any, story: Any, height: int
) -> None:
    async with window(100, height) as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        before = opened.rows[-2:]
        for key, shown in (("o", "? Help"), ("ctrl+p", ""), ("question_mark", "")):
            await opened.press(key)
            assert len(opened.app.screen_stack) == 2
            drawn = opened.app.screen_stack[0].query_one("KeyBar").render()
            assert drawn.plain.strip() == shown
            await opened.press("escape")
            await opened.until(lambda: opened.rows[-2:] == before)


@pytest.mark.parametrize("height", [24, *rarely(40), *endurance(30)])
@pytest.mark.parametrize("width", [80, *rarely(60, 74, 100, 120, 200)])
async def test_it_shows_what_is_wanted_most(
    window: Any, story: Any, width: int, height: int
) -> None:
    async with window(width, height) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
        for keys in OF_VIEWS:
            bar = opened.app.screen.query_one("KeyBar")
            rows = opened.rows[height - bar.size.height :]
            assert len(rows) == 1 or (len(rows) == 2 and height >= 30)
            shown = [item for row in rows for item in row.split("  ")]
            wanted = WANTED + keys
            if width < 80 or (keys is OF_MISTAKES and width == 80):
                wanted = [each for each in WANTED if each not in ("space Pause", "u U Undo")]
            if keys is OF_MISTAKES and width >= 80:
                wanted = [*wanted, *keys]
            assert [each for each in wanted if each not in shown] == []
            assert set(shown) <= all_items(opened.app)  # none is cut off
            await opened.press("tab")


async def test_it_shows_all_where_there_is_room(window: Any) -> None:
    async with window(120, 40, toasts=True) as opened:
        opened.app.notify("a notice covers no keys")
        await opened.until(lambda: "a notice" in opened.text)
        everything = all_items(opened.app)
        assert {*opened.rows[38].split("  "), *opened.rows[39].split("  ")} == everything
        await opened.resize(250, 24)
        assert set(opened.rows[23].split("  ")) == everything
        await opened.resize(80, 24)
        assert opened.rows[23].split("  ")[-1] == "q Quit"
        assert "Window" not in opened.rows[23]


async def test_a_click_presses_the_key(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.steps(10))
        for item in ("u U", "space", "ctrl+p"):
            await opened.pilot.click("KeyBar", offset=(opened.rows[23].index(item), 0))
            await opened.settle()
        assert opened.sent == [commands.Undo(), commands.Pause()]
        assert isinstance(opened.app.screen, CommandPalette)


async def test_so_does_one_on_what_it_does(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.steps(10))
        for word in ("Undo", "Pause", "View"):
            await opened.pilot.click("KeyBar", offset=(opened.rows[23].index(word), 0))
            await opened.settle()
        assert opened.sent == [commands.Undo(), commands.Pause()]
        assert opened.app.current_mode == "mistakes"


async def test_a_finished_run_has_no_keys_that_train_on(window: Any, story: Any) -> None:
    async with window(250, 24) as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        going = {"space Pause", "n N Step"}
        assert going <= {*opened.rows[23].split("  ")}
        await opened.tell(story.paused("finished"))
        shown = {*opened.rows[23].split("  ")}
        assert not going & shown
        assert "f Fork" in shown  # with fewer weights
        await opened.tell(story.changed("epochs", 30), story.resumed())
        assert going <= {*opened.rows[23].split("  ")}


async def test_a_finished_run_says_which_key_extends_it(window: Any, story: Any) -> None:
    async with window(80, 24) as opened:
        await opened.tell(*story.opening(), *story.epochs(1), story.paused("finished"))
        assert {"e Extend", "[ ] Rate"} <= {*opened.rows[23].split("  ")}


async def test_the_key_that_pauses_says_that_it_goes_on(window: Any, story: Any) -> None:
    async with window(250, 24) as opened:
        await opened.tell(*story.opening(), story.steps(10))
        assert "space Pause" in opened.rows[23]
        await opened.tell(story.paused())
        assert "space Go on" in opened.rows[23]
        await opened.tell(story.resumed())
        assert "space Pause" in opened.rows[23]


def all_items(app: DigitApp) -> set[str]:
    """The keys that work, those of a group together, each with what it does."""
    shown = [
        binding
        for _, binding, enabled, _ in app.screen.active_bindings.values()
        if binding.show and enabled
    ]
    keys: dict[object, list[str]] = {}
    for binding in shown:
        keys.setdefault(binding.group or binding, []).append(app.get_key_display(binding))
    names = {binding.group or binding: binding.description for binding in shown}
    return {f"{' '.join(each)} {names[group]}" for group, each in keys.items()}


async def test_after_a_divergence_the_ways_out_come_first(window: Any, story: Any) -> None:
    async with window(toasts=True) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
        await opened.press("tab")
        await opened.tell(story.diverged(), story.paused("diverged"))
        assert opened.rows[23].startswith("tab View")
        keys = set(opened.rows[23].split("  "))
        assert "u U Undo" in keys
        assert "space Go on" not in keys  # it would diverge again
        await opened.until(lambda: "loss became NaN" in opened.text)  # there is no log here
        await opened.until(lambda: "u goes back to when it was" in opened.text)
        await opened.tell(story.paused("spike"))
        assert {"u U Undo", "space Go on"} <= set(opened.rows[23].split("  "))
