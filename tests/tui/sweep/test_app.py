"""What keys ask of a sweep, how its screen is left, and what it says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.rarely import rarely
from support.sweep import FakeControl, board, trial
from textual.widgets import Input

from digit_tui.tui.key_words import with_keys
from digit_tui.tui.screens.help import HelpDialog
from digit_tui.tui.sweep.app import SweepApp
from digit_tui.tui.sweep.dialogs import LeaveDialog, TrialDialog
from digit_tui.tui.sweep.poller import Poller
from digit_tui.tui.themes import THEMES
from digit_tui.tui.widgets.button import Button


async def test_keys_steer_all_workers(sweep: Any) -> None:
    async with sweep(toasts=True) as opened:
        await opened.press("space", "plus", "equals_sign", "minus")
        assert opened.asked == ["pause", "add_worker", "add_worker", "remove_worker"]
        opened.find("All workers pause after their epoch")
        await opened.take(board(paused=True))
        opened.find("⏸ paused")
        opened.find("space Go on")
        await opened.press("space")
        assert opened.asked[-1] == "go_on"


@pytest.mark.long
async def test_what_is_refused_is_told(sweep: Any) -> None:
    async with sweep(toasts=True) as opened:
        await opened.take(board(), False, "cannot start a process: too many")
        opened.find("cannot start a process: too many")


@pytest.mark.long
async def test_a_storage_that_does_not_answer_is_told_until_it_does(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.take(None, False, "the server has gone")
        opened.find("^ ✗ the server has gone")
        opened.find("12 trials")  # what was known is still seen
        await opened.take(board())
        opened.find("▶ 2 running")


@pytest.mark.parametrize(
    ("key", "asked"), [("enter", "leave"), pytest.param("s", "stop", marks=pytest.mark.long)]
)
async def test_q_asks_then_waits_for_the_workers(sweep: Any, key: str, asked: str) -> None:
    async with sweep() as opened:
        await opened.press("q")
        assert isinstance(opened.app.screen, LeaveDialog)
        await opened.press("escape")
        assert opened.asked == []
        await opened.press("q", key)
        assert opened.asked == [asked]
        opened.find("■ saving")
        assert opened.app._exit is False
        await opened.take(board())
        assert opened.app._exit is False
        await opened.take(board(), True)
        assert opened.app._exit
        assert opened.app.return_code == 0


async def test_a_question_about_a_sweep_that_has_ended_is_no_more(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("q")
        await opened.take(board(), True)
        assert not isinstance(opened.app.screen, LeaveDialog)
        assert not opened.app._exit


async def test_q_waits_no_longer_when_pressed_again(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("Q")
        assert opened.asked == []  # it asks first
        await opened.press("enter")
        assert opened.asked == ["stop"]
        await opened.press("space", "q")
        assert opened.asked == ["stop"]  # nothing is steered any more
        assert opened.app._exit


@pytest.mark.long
async def test_ctrl_c_asks_and_once_more_leaves(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("ctrl+c")
        assert isinstance(opened.app.screen, LeaveDialog)
        await opened.press("ctrl+c")
        assert opened.asked == ["leave"]


async def test_what_has_ended_stays_to_be_looked_at(sweep: Any) -> None:
    trials = [trial(number) for number in range(4)]
    async with sweep() as opened:
        await opened.take(board(*trials, budget_trials=4, workers=()), True)
        opened.find("✓ finished  4 of 4 trials  0 workers")
        opened.find("100%  done")
        assert "Workers" not in opened.text
        await opened.press("space", "tab", "q")
        assert opened.asked == []
        assert opened.app._exit


async def test_a_signal_ends_the_workers_of_this_machine(sweep: Any) -> None:
    async with sweep() as opened:
        opened.app.interrupt(15)
        await opened.settle()
        assert opened.control.asked == ["leave"]
        assert opened.app.return_code == 143


async def test_a_trial_is_shown_and_its_run_is_opened(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("down", "down", "enter")
        opened.find("─ Trial 9 ─")
        for text in ("▶ running, box-2", "93.74% so far", "5/12", "optimizer    adam"):
            opened.find(text)
        more = board()
        rows = [*more.trials]
        rows[9] = replace(rows[9], state="complete", epoch=12, accuracy=0.99)
        await opened.take(replace(more, trials=tuple(rows)))
        opened.find(r"✓ complete, box-2")
        opened.find(r"99.00%, 1. of 7 complete")
        await opened.press("end")
        opened.find("digit-tui mistakes /sweeps/first/trial-9")
        await opened.press("enter")
        assert opened.app.opens == (9, Path("/sweeps/first/trial-9"))
        assert opened.app._exit
        assert opened.control.asked == []  # the sweep goes on meanwhile


@pytest.mark.long
async def test_a_trial_without_a_run_says_so(sweep: Any) -> None:
    async with sweep(toasts=True) as opened:
        await opened.press("enter")
        opened.find("It has no run yet")
        await opened.press("enter")
        opened.find("This trial has no run yet")
        assert isinstance(opened.app.screen, TrialDialog)
        await opened.pilot.click(Button)
        assert isinstance(opened.app.screen, TrialDialog)


@pytest.mark.parametrize("view", ["trials", *rarely("best", "settings")])
async def test_help_explains_the_view_and_its_keys(sweep: Any, view: str) -> None:
    async with sweep() as opened:
        opened.app.show_view(view)
        await opened.settle()
        await opened.press("question_mark")
        assert isinstance(opened.app.screen, HelpDialog)
        opened.find("On this view")
        meanings = [
            meaning
            for _, group in [*opened.app.MEANINGS.items(), *opened.app.common_meanings]
            for meaning in group
        ]
        for sign, words in meanings:
            assert len(sign) <= 20, sign
            assert len(with_keys(opened.app, words)) <= 50, words
        await opened.press("k")
        opened.find("Keys of the sweep")
        for title, keys in opened.app.key_groups():
            assert all(each.tooltip for each in keys), title


@pytest.mark.long
async def test_the_palette_offers_what_can_be_done(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("ctrl+p")
        await opened.until(lambda: "Pause all workers" in opened.text)
        opened.app.screen.query_one(Input).value = "Settings"
        await opened.until(lambda: "Go to Settings" in opened.text)


@pytest.mark.parametrize("theme", [each.name for each in THEMES])
@pytest.mark.long
async def test_each_theme_and_no_colour(sweep: Any, theme: str) -> None:
    environment = {"NO_COLOR": "1"} if theme.endswith("contrast") else {}
    async with sweep(60, 20, environment=environment) as opened:
        opened.app.theme = theme
        await opened.press("tab", "tab", "tab", "enter", "escape", "q", "escape")
        opened.find("▶ running")
        assert opened.app.screen.is_current


@pytest.mark.long
async def test_too_small_a_terminal_says_what_it_needs(sweep: Any) -> None:
    async with sweep(59, 19) as opened:
        opened.find("digit-tui needs 60x20")
        await opened.resize(60, 20)
        opened.find("12 trials")


@pytest.mark.long
async def test_the_thread_looks_carries_out_and_tells(sweep_app: Any) -> None:
    """The one test of the real thread."""
    control = FakeControl()
    control.events = [{"event": "trouble", "message": "worker 7 was killed by signal 9"}]
    poller = Poller(control, 0.01)
    app = SweepApp(control, poller)
    poller.start()
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            while app.model.board is None:
                await pilot.pause(0.01)
            control.refuses = OSError(12, "no memory")
            await pilot.press("plus")
            while control.asked != ["add_worker"]:
                await asyncio.sleep(0.01)
            control.refuses = None
            control.board = RuntimeError("database is locked")
            while app.model.trouble is None:
                await pilot.pause(0.01)
            assert app.model.trouble == "database is locked"
            control.board = board()
            while app.model.trouble is not None:
                await pilot.pause(0.01)
            await pilot.press("Q", "enter")
            control.is_ended = True
            while not app._exit:
                await asyncio.sleep(0.01)
    finally:
        poller.end()
    assert poller.done.is_set()
    assert not poller._thread.is_alive()
