"""Errors in the interface: the run goes on after the first, and is saved after a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.interface_errors import (
    PLACES,
    Failing,
    assert_goes_on,
    assert_whole,
    comes,
    errors,
)
from support.rarely import rarely
from textual.screen import ModalScreen

from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.help import HelpDialog
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.event_log import EventLog

CLOSE_TO = ("rendering", "a message", "a timer", "a worker", "a key's action", "an interval")
"""Those that are tried at each change."""


@pytest.mark.parametrize(
    "place", [*CLOSE_TO, *rarely(*(place for place in PLACES if place not in CLOSE_TO))]
)
async def test_the_first_one_is_told_and_drawn_over(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path, place: str
) -> None:
    owner, name, happen = PLACES[place]
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        failing = fails(owner, name)
        await happen(opened)
        await comes(lambda: errors(opened.app))
        await opened.settle()
        assert_goes_on(opened, report)
        await assert_whole(opened, story)
        calls = failing.calls
        await happen(opened)  # what has failed works again
        await comes(lambda: failing.calls > calls)
        await assert_whole(opened, story)
        assert len(errors(opened.app)) == 1


async def test_no_event_is_lost(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        fails(RunModel, "_ingest_change")
        await opened.tell(story.changed("augment", "shift"), story.steps(150), story.paused())
        assert_goes_on(opened, report)
        assert opened.rows[1].startswith(" ⏸ paused  epoch 1.50/25  step 150")


async def test_no_callback_is_lost(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        fails(EventLog, "fail")
        called: list[int] = []
        for later in (opened.app.screen.call_next, opened.app.screen.call_after_refresh):
            later(opened.app.screen.query_one(EventLog).fail)
            later(called.append, 1)
        await comes(lambda: len(called) == 2)
        assert_goes_on(opened, report)


@pytest.mark.parametrize("name", ["compose", *rarely("_on_mount")])
async def test_a_dialog_that_cannot_be_opened_is_closed(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path, name: str
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        fails(HelpDialog, name)
        await opened.press("question_mark")
        assert_goes_on(opened, report)
        assert not isinstance(opened.app.screen, ModalScreen)
        await assert_whole(opened, story)
        await opened.press("question_mark")
        opened.find("Train on one batch, then pause")


@pytest.mark.parametrize(("view", "tabs"), [(MistakesView, 1), (ConfusionView, 2)])
async def test_a_view_that_cannot_be_made_is_made_anew(
    window: Any,
    story: Any,
    fails: Callable[..., Failing],
    report: Path,
    view: type[Any],
    tabs: int,
) -> None:
    fails(view, "on_mount")
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        assert isinstance(opened.take_error(), RuntimeError)
        await opened.press(*["tab"] * tabs)
        assert type(opened.app.screen) is view
        assert opened.app.screen.ready
        opened.find("q Quit")
        await opened.press(*["tab"] * (3 - tabs))
        await assert_whole(opened, story)


async def test_one_in_a_dialog_leaves_it_open(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("question_mark")
        fails(HelpDialog, "action_manual")
        await opened.press("m")
        assert_goes_on(opened, report)
        assert isinstance(opened.app.screen, HelpDialog)
        await opened.press("m")
        opened.find("Manual")
