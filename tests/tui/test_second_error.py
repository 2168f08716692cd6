"""Errors that end the interface: a second one soon after another, and those that leave nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.errors import Failing, comes, errors
from support.tui import Clock

from digit_tui.run import commands
from digit_tui.tui.app import DigitApp
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.widgets.progress_line import ProgressLine

pytestmark = pytest.mark.usefixtures("every_frame")


async def test_another_one_much_later_is_a_first_one(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path, error_clock: Clock
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        fails(TrainView, "action_log", 3)
        for _ in range(3):
            error_clock.pass_(5.1)
            await opened.press("l")
            assert opened.take_error()
        assert len(errors(opened.app)) == 3
        assert report.read_text().count("Traceback") == 3
        assert opened.sent == []


async def test_a_second_one_soon_saves_and_leaves(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path, error_clock: Clock
) -> None:
    async with window() as opened:
        app = opened.app
        await opened.tell(*story.opening(), story.steps(10))
        fails(TrainView, "action_log", 100)
        await opened.press("l")
        error_clock.pass_(4.9)
        assert opened.sent == []
        await opened.press("l", "l", "l")
        assert opened.sent == [commands.Stop(reason="interrupted")]
        assert not app._exit
        await opened.tell(story.saved(), story.ended())
        app._wake.set()
        await comes(lambda: app.return_code is not None)
        assert app.return_code == 1
        assert app.farewell.splitlines() == [
            "Saved step 10 in /runs/one",
            "Resume it with: digit-tui --resume /runs/one",
            "digit-tui: RuntimeError: by? design",
            "digit-tui: a fault of digit-tui itself:",
            f"digit-tui: the report is in {report}",
        ]
        assert report.read_text().count("Traceback") == 2  # not one for each key
        opened.take_error()


async def test_what_can_never_be_drawn_leaves(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        fails(ProgressLine, "render", 10**6)
        opened.app.screen.query_one(ProgressLine).refresh()
        await comes(lambda: commands.Stop(reason="interrupted") in opened.sent)
        opened.take_error()


@pytest.mark.parametrize("method", ["on_load", "on_mount", "_start_runner"])
async def test_without_a_screen_or_a_run_it_leaves_at_once(
    replay_app: Callable[..., DigitApp], fails: Callable[..., Failing], report: Path, method: str
) -> None:
    fails(DigitApp, method)
    app = replay_app()
    with pytest.raises(RuntimeError, match="by"):
        async with app.run_test(size=(80, 24)):
            await comes(lambda: app.return_code is not None)
    assert app.return_code == 1
    assert app.farewell.splitlines()[-1] == f"digit-tui: the report is in {report}"


async def test_at_the_end_of_a_run_it_leaves_at_once(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path
) -> None:
    async with window() as opened:
        app = opened.app
        await opened.tell(*story.opening())
        fails(DigitApp, "_end_run")
        await opened.tell(story.ended())
        app._wake.set()
        await comes(lambda: app.return_code is not None)
        assert app.return_code == 1
        assert str(report) in app.farewell
        opened.take_error()
