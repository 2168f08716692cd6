"""Errors in the interface: the run goes on after the first, and is saved after a second."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.errors import Failing, comes, errors
from support.rarely import rarely
from textual import events
from textual.events import Event
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from digit_tui.run import commands
from digit_tui.tui import views_app
from digit_tui.tui.app import DigitApp
from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.help import HelpDialog
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.event_log import EventLog
from digit_tui.tui.widgets.progress_line import ProgressLine
from digit_tui.tui.widgets.status_line import StatusLine

pytestmark = pytest.mark.usefixtures("every_frame")

LINE = "error in the interface, drawn anew: RuntimeError: by? design (report: {})"


class Poke(Message):
    """A message that no widget knows."""


class PokeEvent(Event):
    """The same as an event."""


def assert_goes_on(opened: Any, report: Path) -> None:
    """It was told, reported, and nothing has ended."""
    assert isinstance(opened.take_error(), RuntimeError)
    assert errors(opened.app) == [LINE.format(report)]
    heading, traceback, *lines = report.read_text().split("\n")
    assert re.match(r"\d{4}-.*, digit-tui .*, Python 3.*: .*View.*, 80x24, run /runs/one ", heading)
    assert traceback == "Traceback (most recent call last):"
    assert "RuntimeError: by? design" in lines
    assert not opened.app._exit
    assert commands.Stop(reason="interrupted") not in opened.sent


async def assert_whole(opened: Any, story: Any) -> None:
    """All of the view is there, and keys and news reach it."""
    opened.sent.clear()
    await opened.press("s")
    assert opened.sent == [commands.Save()]
    await opened.tell(story.steps(10), story.paused())
    assert re.match(r" ⏸ paused  epoch [\d.]+/25  step \d+", opened.rows[1])
    for part in ("Loss by epoch", "(Error|Accuracy) by epoch", "paused", "q Quit"):
        opened.find(part)


async def press_l(opened: Any) -> None:
    await opened.press("l")


async def poke(opened: Any) -> None:
    opened.app.screen.query_one(EventLog).post_message(Poke())


async def poke_by_event(opened: Any) -> None:
    opened.app.screen.query_one(EventLog).post_message(PokeEvent())


async def update(opened: Any) -> None:
    opened.app.screen.query_one(ProgressLine).refresh()


async def lay_out(opened: Any) -> None:
    opened.app.screen.refresh(layout=True)


async def redraw(opened: Any) -> None:
    opened.app.ingest((), urgent=True)


async def call(opened: Any) -> None:
    opened.app.call_later(opened.app.screen.query_one(EventLog).fail)


async def call_next(opened: Any) -> None:
    opened.app.screen.call_next(opened.app.screen.query_one(EventLog).fail)


async def call_after_refresh(opened: Any) -> None:
    opened.app.screen.call_after_refresh(opened.app.screen.query_one(EventLog).fail)


async def set_timer(opened: Any) -> None:
    opened.app.screen.set_timer(0.001, opened.app.screen.query_one(EventLog).fail)


async def set_interval(opened: Any) -> None:
    opened.app.screen.query_one(EventLog).set_interval(0.001, EventLog.fail)


async def work(opened: Any) -> None:
    async def do() -> None:
        opened.app.screen.query_one(EventLog).fail()

    opened.app.run_worker(do())


PLACES = {
    "a key's action": (TrainView, "action_log", press_l),
    "a key's action in the app": (DigitApp, "action_add_epochs", lambda opened: opened.press("e")),
    "a message": (EventLog, "on_poke", poke),
    "an event": (EventLog, "on_poke_event", poke_by_event),
    "rendering": (ProgressLine, "render", update),
    "rendering lines": (Static, "render_lines", lay_out),
    "drawing text": (StatusLine, "show", redraw),
    "a callback": (EventLog, "fail", call),
    "the next callback": (EventLog, "fail", call_next),
    "a callback after drawing": (EventLog, "fail", call_after_refresh),
    "a timer": (EventLog, "fail", set_timer),
    "an interval": (EventLog, "fail", set_interval),
    "a worker": (EventLog, "fail", work),
}
"""Where an error may come up: what fails, and what has it called."""
CLOSE_TO = ("rendering", "a message", "a timer", "a worker")
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
        fails(RunModel, "_log_change")
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
        opened.find("On this view")


@pytest.mark.parametrize(
    ("view", "tabs"), [(ConfusionView, 2), pytest.param(MistakesView, 1, marks=pytest.mark.long)]
)
async def test_a_view_that_cannot_be_made_is_made_anew(
    window: Any,
    story: Any,
    fails: Callable[..., Failing],
    report: Path,
    monkeypatch: pytest.MonkeyPatch,
    view: type[Any],
    tabs: int,
) -> None:
    monkeypatch.setattr(views_app, "MAKE_SECONDS", 0.01)
    fails(view, "on_mount")
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        await opened.until(report.exists)
        await opened.settle()
        assert isinstance(opened.take_error(), RuntimeError)
        await opened.press(*["tab"] * tabs)
        assert type(opened.app.screen) is view
        assert opened.app.screen.ready
        opened.find("q Quit")
        await opened.press(*["tab"] * (5 - tabs))
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


async def test_a_press_on_what_is_gone(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        screen = opened.app.screen
        left, top = screen.query_one(EventLog).region.offset
        x, y = left + 2, top + 1
        widget, _ = screen.get_widget_and_offset_at(x, y)
        assert widget is not None
        parent, widget._parent = widget._parent, None  # as if it had gone since it was drawn
        screen._forward_event(
            events.MouseDown(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y)
        )
        widget._parent = parent


@pytest.mark.long
async def test_a_dialog_that_was_closed_leaves_no_memory(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.press("question_mark")
        left = [weakref.ref(each._styles_cache) for each in opened.app.screen.walk_children()]
        assert left
        await opened.press("escape", "tab")
        gc.collect()
        assert [each for each in left if each() is not None] == []
