"""The program as a whole: sizes, themes, failures, signals."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest
from rich.segment import Segment
from support.rarely import rarely
from support.steering import forked
from textual.strip import Strip
from textual.widgets import OptionList

from digit_tui.run import commands
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import Failed
from digit_tui.tui import views_app
from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.draw import DrawView
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.network.view import NetworkView
from digit_tui.tui.screens.train import TrainView


@pytest.mark.parametrize("size", [(1, 1), *rarely((60, 20), (40, 12), (20, 6), (5, 60))])
async def test_no_size_is_too_small(window: Any, story: Any, size: tuple[int, int]) -> None:
    async with window(*size) as opened:
        await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}), story.paused())
        await opened.press(
            "l", "m", "tab", "v", "down", "tab", "down", "enter", "tab", "d", *["tab"] * 3
        )
        await opened.press("question_mark", "escape", "o")
        assert len(opened.rows) == size[1]
        await opened.press("escape")
        await opened.resize(80, 24)
        assert opened.rows[1].startswith(" ⏸ paused  epoch 2.00/25  step 200")
        opened.find("Loss by epoch")


async def test_the_smallest_one_says_how_the_run_stands(window: Any, story: Any) -> None:
    async with window(60, 20) as opened:
        await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}), story.paused())
        assert opened.rows[1].startswith(" ⏸ paused  epoch 2.00/25  test 99.90%  adam · ")
        for key in ("tab View", "? Help", "q Quit"):
            assert key in opened.text
        await opened.press("tab")
        opened.find("#4  1 → 7  loss 1.61")


@pytest.mark.parametrize("size", [(59, 20), (60, 19), *rarely((40, 12))])
async def test_a_smaller_one_says_what_is_needed(
    window: Any, story: Any, size: tuple[int, int]
) -> None:
    async with window(*size) as opened:
        await opened.tell(*story.opening(), *story.epochs(2), forked(story, "sgd"), story.paused())
        words = f"digit-tui needs 60x20, this terminal is {size[0]}x{size[1]}. q quits."
        assert " ".join(opened.text.split()) == words
        await opened.press("tab")
        assert " ".join(opened.text.split()) == words
        await opened.resize(60, 20)
        opened.find("q Quit")


@pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40))])
async def test_light_and_dark(window: Any, story: Any, size: tuple[int, int]) -> None:
    async with window(*size) as opened:
        await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}))
        rows, background = opened.rows, opened.app.screen.background_colors[1]
        await opened.press("T")
        assert not opened.app.current_theme.dark
        assert opened.rows == rows
        assert opened.app.screen.background_colors[1].brightness > background.brightness
        await opened.press("tab", "v", "o", "escape", "question_mark", "escape")
        await opened.press("tab", "d", "tab", "tab", "tab", "T")
        assert opened.app.current_theme.dark
        assert opened.rows == rows


@pytest.mark.parametrize("details", [None, "Traceback (most recent call last): ..."])
async def test_a_failure_ends_the_program_with_its_status(window: Any, details: Any) -> None:
    async with window() as opened:
        app = opened.app
        await opened.tell(Failed(ExitStatus.DATA, "no such folder", details))
        app._wake.set()
        await opened.until(lambda: app.return_code is not None)
        assert app.return_code == ExitStatus.DATA
        told = ["no such folder", *(["a fault of digit-tui itself:", details] if details else [])]
        assert app.farewell.splitlines() == [f"digit-tui: {line}" for line in told]


async def test_a_signal_saves_and_tells_by_the_status(window: Any, story: Any) -> None:
    async with window() as opened:
        app = opened.app
        await opened.tell(*story.opening(), story.steps(10))
        app.interrupt(signal.SIGTERM)
        assert opened.sent == [commands.Stop(reason="interrupted")]
        await opened.tell(story.saved(), story.ended())
        app._wake.set()
        await opened.until(lambda: app.return_code is not None)
        assert app.return_code == 128 + signal.SIGTERM
        assert app.farewell.startswith("Saved step 10 in /runs/one\n")


async def test_keys_before_the_run_has_begun_do_no_harm(replay_app: Any) -> None:
    app = replay_app()
    app.send(commands.Save())
    await app.action_quit()
    app.action_restart()
    assert app.runner is None


async def test_the_digits_are_read_after_the_first_frame(window: Any) -> None:
    async with window() as opened:
        assert opened.app.runner.started
        assert opened.app.runner.dataset is None


async def test_views_are_made_before_they_are_asked_for(
    window: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views_app, "MAKE_SECONDS", 0.01)
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
        await opened.until(lambda: len(opened.app._screen_stacks) > len(opened.app.VIEWS))
        await opened.settle()
        for view in (MistakesView, ConfusionView, NetworkView, DrawView, TrainView):
            opened.app.action_next_view()
            assert isinstance(opened.app.screen, view)
            assert opened.app.screen.ready  # before anything else can happen


async def test_news_may_come_before_a_view_has_its_widgets(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
        opened.app.action_next_view()
        opened.app.ingest(story.epochs(1, {4: (7, 0.8)}))  # before anything else can happen
        await opened.tell(*story.epochs(1, {4: (7, 0.8)}))
        opened.find("1 mistake by loss")


async def test_no_view_is_changed_under_a_dialog(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
        await opened.press("f")
        opened.app.show_digits("true=4")  # what a click has asked for just before
        await opened.settle()
        assert opened.app.current_mode == "train"
        await opened.press("escape", "tab")
        assert isinstance(opened.app.screen, MistakesView)


async def test_what_was_drawn_is_forgotten_now_and_then(window: Any) -> None:
    async with window() as opened:
        Segment("a text").split_cells(2)
        Strip([Segment("a text")]).render(opened.app.console)
        await opened.press("o")
        text, widgets = opened.text, [*opened.app.screen.query("*")]
        lists = opened.app.screen.query(OptionList)
        assert any(each._option_render_cache for each in lists)
        opened.app._tidy()
        assert not any(each._option_render_cache for each in lists)
        assert not any(each._box_model_cache for each in widgets)
        for cache in (Segment._split_cells, Strip.render_ansi):
            assert cache.cache_info().currsize == 0
        opened.app.screen.refresh(layout=True)
        await opened.settle()
        assert opened.text == text


async def test_events_that_come_while_it_leaves_find_no_screen(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        stack = opened.app._screen_stack
        screens = [*stack]
        stack.clear()
        try:
            opened.app.ingest([*story.epochs(1), story.paused()])
        finally:
            stack.extend(screens)
        assert opened.app.model.state == "paused"


@pytest.mark.parametrize("between", range(3))
async def test_what_follows_the_run_can_be_ended_amid_an_event(
    window: Any, story: Any, between: int
) -> None:
    """An app that leaves at once cancels it, perhaps as an event arrives; training goes on."""
    async with window() as opened:
        await opened.tell(*story.opening())
        app = opened.app
        following = app._follow(app.runner)
        await asyncio.sleep(0.05)
        app._wake.set()
        for _ in range(between):
            await asyncio.sleep(0)
        following.cancel()
        await asyncio.sleep(0.05)
        assert following.is_finished
