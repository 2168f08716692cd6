"""Errors in the interface: the run goes on after the first, and is saved after a second."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from support.rarely import rarely
from support.tui import Clock
from textual.events import Event
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from digit_tui.run import commands
from digit_tui.session import fault_report
from digit_tui.storage.run_files import error_report
from digit_tui.tui import resilient_app
from digit_tui.tui.app import DigitApp
from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.help import HelpDialog
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.state.run_model import RunModel
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


@pytest.fixture
def report() -> Iterator[Path]:
    """The report, which is not there yet."""
    path = error_report()
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def error_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Tells how long ago the last error was."""
    monkeypatch.setattr(resilient_app, "monotonic", clock)
    return clock


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Failing]:
    """Has a method fail once, or more often."""

    def fail(owner: type, name: str, times: int = 1) -> Failing:
        failing = Failing(getattr(owner, name, None))
        failing.times = times
        monkeypatch.setattr(owner, name, failing.method(), raising=False)
        return failing

    return fail


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


async def test_another_one_much_later_is_a_first_one(
    window: Any, story: Any, fails: Callable[..., Failing], report: Path, error_clock: Clock
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        fails(TrainView, "action_switch", 3)
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
        fails(TrainView, "action_switch", 100)
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


async def test_without_a_run_it_leaves_at_once(
    replay_app: Callable[..., DigitApp], fails: Callable[..., Failing], report: Path
) -> None:
    fails(DigitApp, "_start_runner")
    app = replay_app()
    with pytest.raises(RuntimeError, match="by"):
        async with app.run_test(size=(80, 24)):
            await comes(lambda: app.return_code is not None)
    assert app.return_code == 1
    assert app.farewell.splitlines()[-1] == f"digit-tui: the report is in {report}"


@pytest.mark.parametrize("method", ["on_mount", "on_load"])
async def test_before_there_is_a_screen_it_leaves_at_once(
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


class TestReport:
    def test_it_does_not_grow_for_ever(self, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fault_report, "MAX_BYTES", 1_000)
        for number in range(50):
            fault = fault_report.report_fault(ValueError(f"number {number}"), "here")
            assert fault.where == f"report: {report}"
            assert f"number {number}" in report.read_text()
            assert report.stat().st_size < 1_500

    def test_where_it_cannot_be_written_the_traceback_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "errors.log"
        monkeypatch.setattr(fault_report, "error_report", lambda: path)
        fault = fault_report.report_fault(ValueError("\udc80\x1b[2J"), "here")
        assert fault.where == "no report could be written"
        message, kind, *lines = fault.failed.text.splitlines()
        assert message == "digit-tui: ValueError: ??[2J"
        assert kind == "digit-tui: a fault of digit-tui itself:"
        assert lines[-2:] == [
            "digit-tui: ValueError: ??[2J",
            f"digit-tui: no report of it: File exists: {path}",
        ]
