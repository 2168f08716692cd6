"""What a person is told at the first start, and only then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.rarely import rarely
from support.tui import Window

import digit_tui.tui
from digit_tui.run import commands
from digit_tui.storage import run_files
from digit_tui.training.run_request import RunRequest
from digit_tui.tui.first_start import is_first_start
from digit_tui.tui.key_words import with_keys
from digit_tui.tui.terminal import stdio_capture
from digit_tui.tui.widgets.tips import TIPS

Start = Callable[..., AbstractAsyncContextManager[Window]]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory that is not there yet."""
    folder = tmp_path / "state"
    monkeypatch.setattr(run_files, "user_state_path", lambda *_: folder)
    return folder


@pytest.fixture
def start(replay_app: Any, story: Any, state: Path) -> Start:
    """Starts the app as `run_tui` does, and tells it of an epoch."""

    @asynccontextmanager
    async def open_window(width: int = 80, height: int = 24) -> AsyncIterator[Window]:
        app = replay_app()
        app.tips = is_first_start()
        async with app.run_test(size=(width, height)) as pilot:
            opened = Window(app, pilot)
            await opened.until(lambda: app.runner is not None)
            await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
            yield opened

    return open_window


@pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40), (200, 60))])
async def test_they_go_with_the_first_key_and_never_come_again(
    start: Start, state: Path, size: tuple[int, int]
) -> None:
    async with start(*size) as opened:
        rows = [row.strip() for row in opened.rows]
        first = rows.index(TIPS[0])
        assert rows[first : first + 3] == [
            with_keys(opened.app, tip) for tip in TIPS
        ]  # none is cut off
        assert "─ First start: any key closes this ─" in f"─ {rows[first - 1].strip('─')} ─"
        for explained in ("best ", "Loss", "Error", "Hardest of 1 test mistake", "1→7 80%"):
            opened.find(explained)
        assert is_first_start()
        await opened.press("space")  # it is done too
        assert opened.sent == [commands.Pause()]
        assert "First start" not in opened.text
        assert not is_first_start()
        assert [path.name for path in state.iterdir()] == ["tips-seen"]
    async with start(*size) as opened:
        assert "First start" not in opened.text


async def test_who_finds_it_done_is_told_what_is_possible_then(start: Start, story: Any) -> None:
    async with start() as opened:
        opened.find(r"Try space \(pause\), \] \(twice the learning rate\)")
        await opened.tell(story.paused("finished"))
        opened.find(
            r"Try r \(another run\), e \(ten more epochs\), tab \(mistakes\), \? \(help\)\."
        )
        assert "pause" not in opened.text


async def test_a_click_closes_them_where_nothing_can_be_written(start: Start, state: Path) -> None:
    state.write_text("a file where the folder should be")
    async with start() as opened:
        opened.find("First start")
        await opened.pilot.click("StatusLine")
        await opened.settle()
        assert "First start" not in opened.text
        assert opened.take_error() is None
    assert state.is_file()


async def test_they_wait_for_a_terminal_with_room(start: Start) -> None:
    async with start(79, 24) as opened:
        assert "First start" not in opened.text
        await opened.press("z")
        assert is_first_start()
        await opened.resize(80, 23)
        assert "First start" not in opened.text
        await opened.resize(80, 24)
        opened.find("First start")


@pytest.mark.parametrize(("wanted", "offered"), [(True, None), (False, None), (True, "a run")])
def test_who_is_told(
    monkeypatch: pytest.MonkeyPatch, config: Any, state: Path, wanted: bool, offered: Any
) -> None:
    apps: list[Any] = []
    monkeypatch.setattr(digit_tui.tui, "run_app_of", lambda app, *_: apps.append(app))
    monkeypatch.setattr(digit_tui.tui, "last_interrupted", lambda _: offered)
    monkeypatch.setattr(stdio_capture.StdioCapture, "divert", lambda _: None)
    digit_tui.tui.run_tui(RunRequest(config, None), asked={}, tips=wanted)
    assert apps[0].tips == (wanted and offered is None)
