"""Errors in the interface, by design: where they may come up, and what holds after them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from time import monotonic
from typing import Any

from textual.events import Event
from textual.message import Message
from textual.widgets import Static

from digit_tui.run import commands
from digit_tui.tui.app import DigitApp
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.widgets.event_log import EventLog
from digit_tui.tui.widgets.progress_line import ProgressLine
from digit_tui.tui.widgets.status_line import StatusLine

LINE = "error in the interface, drawn anew: RuntimeError: by? design (report: {})"


class Poke(Message):
    """A message that no widget knows."""


class PokeEvent(Event):
    """The same as an event."""


class Failing:
    """Stands in for a method; raises as often as it is told to."""

    def __init__(self, original: Callable[..., Any] | None = None) -> None:
        self._original = original
        self.calls = self.times = 0

    def method(self) -> Callable[..., Any]:
        def fail(*values: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls <= self.times:
                raise RuntimeError("by\x1b design\nand more")
            return None if self._original is None else self._original(*values, **named)

        # Textual looks at how many parameters a handler takes.
        return fail if self._original is None else wraps(self._original)(fail)


async def comes(condition: Callable[[], object]) -> None:
    """Wait for it; unlike `Window.until` draws nothing itself, which would raise here."""
    end = monotonic() + 20
    while not condition():
        assert monotonic() < end
        await asyncio.sleep(0.005)


def errors(app: Any) -> list[str]:
    """The lines of the log that tell of errors."""
    return [line.text for line in app.model.log if "interface" in line.text]


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
    for part in ("Loss by epoch", "Gradient norm", "─Log─", "q Quit"):
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
    "a key's action": (TrainView, "action_switch", press_l),
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
