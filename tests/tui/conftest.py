"""What the tests of the interface share: they replay events, with no thread."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.confusion_view import FIRST
from support.errors import Failing
from support.explanation import EXPLAINED
from support.mistakes_view import MISTAKES
from support.tui import Clock, OpenWindow, StoodIn, Story, Window
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.screen import Screen

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.nn import Network
from digit_tui.storage.run_files import error_report
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest
from digit_tui.tui import app as app_module
from digit_tui.tui import resilient_app, views_app
from digit_tui.tui import run_app as window_module
from digit_tui.tui.app import DigitApp
from digit_tui.tui.draw_rate import ANY_SHARE, DrawRate
from digit_tui.tui.screens.network.view import PAGES
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.confusion_matrix import Cell

AT_ONCE = DrawRate(seconds=0.0, share=ANY_SHARE, poll_seconds=1_000.0)
"""All that a test tells is drawn at once, and nothing comes from anywhere else meanwhile."""

REFRESH = Screen._compositor_refresh


@pytest.fixture(scope="session", autouse=True)
def parsed_once() -> Iterator[None]:
    """Each app of this process parses the same CSS; only the first of them need do so."""
    known: dict[Any, list[RuleSet]] = {}
    parse = Stylesheet._parse_rules

    def parsed(sheet: Stylesheet, css: str, *args: Any, **kwargs: Any) -> list[RuleSet]:
        variables = tuple(sorted(sheet._variables.items()))
        key = css, args, tuple(sorted(kwargs.items())), variables
        if key not in known:
            known[key] = parse(sheet, css, *args, **kwargs)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        yield


@pytest.fixture(scope="session", autouse=True)
def drawn_when_looked_at() -> Iterator[None]:
    """Draw a frame when a test looks at it, and not whenever something changes: nobody would see
    it, and that took a quarter of the time. In real terminals, in end_to_end, each is drawn."""

    def refreshed(screen: Screen[Any]) -> None:
        if screen is not screen.app.screen or not screen.app.is_headless:
            REFRESH(screen)
            return
        screen._compositor._dirty_regions.clear()
        screen._dirty_widgets.clear()
        screen.app._update_mouse_over(screen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Screen, "_compositor_refresh", refreshed)
        yield


@pytest.fixture
def every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw whenever something changes, as for a person."""
    monkeypatch.setattr(Screen, "_compositor_refresh", REFRESH)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def config() -> RunConfig:
    return RunConfig(
        data="sample",
        preset="classic",
        hidden=(128,),
        optimizer="adam",
        schedule="constant",
        augment="none",
        epochs=25,
        batch_size=40,  # the steps of a `Story`
    )


@pytest.fixture
def story(config: RunConfig, sample: Dataset) -> Story:
    return Story(config, sample)


@pytest.fixture
def model(config: RunConfig, clock: Clock) -> RunModel:
    return RunModel(config, clock)


@pytest.fixture
def tell(model: RunModel) -> Callable[..., None]:
    """Lets the model take in events."""

    def tell(*events: Any) -> None:
        for event in events:
            model.ingest(event)

    return tell


@pytest.fixture
def replay_app(
    config: RunConfig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., DigitApp]:
    """Makes an app without a thread, whose clock is the test's; charts are drawn at once."""
    # What is drawn depends on the colours that the terminal has.
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(app_module, "Runner", StoodIn)
    # A view is made when it is shown, and not amid a test because that takes long.
    monkeypatch.setattr(views_app, "MAKE_SECONDS", 1_000.0)
    monkeypatch.setattr(app_module, "RunModel", partial(RunModel, clock=clock))
    monkeypatch.setattr(window_module, "RunModel", partial(RunModel, clock=clock))

    def make(
        folder: Path | None = None, offered: SavedRun | None = None, **options: Any
    ) -> DigitApp:
        return DigitApp(RunRequest(config.with_(**options), folder), offered, AT_ONCE)

    return make


@pytest.fixture
def window(replay_app: Callable[..., DigitApp], monkeypatch: pytest.MonkeyPatch) -> OpenWindow:
    """Opens the app on a screen of a size."""

    @asynccontextmanager
    async def open_window(
        width: int = 80,
        height: int = 24,
        folder: Path | None = None,
        environment: dict[str, str] | None = None,
        toasts: bool = False,
        **options: Any,
    ) -> AsyncIterator[Window]:
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        app = replay_app(folder, **options)
        async with app.run_test(size=(width, height), notifications=toasts) as pilot:
            opened = Window(app, pilot)
            await opened.until(lambda: app.runner is not None)
            await opened.settle()
            yield opened

    return open_window


@pytest.fixture
def network(story: Any) -> Network:
    """One with random weights."""
    made = Network((story.dataset.pixels, 128, story.dataset.classes))
    made.initialize(np.random.default_rng(5))
    return made


@pytest.fixture
def explain(window: Any, story: Any, network: Network) -> Any:
    """Opens the explanation of the mistake with the highest loss after some epochs."""

    @asynccontextmanager
    async def open_explanation(
        width: int = 80, height: int = 24, mistakes: Any = (EXPLAINED,) * 3, keys: Any = ()
    ) -> Any:
        evaluated_at = story.evaluated_at
        story.evaluated_at = lambda *values: replace(evaluated_at(*values), network=network)
        async with window(width, height) as opened:
            await opened.tell(*story.opening())
            await opened.tell(*(event for each in mistakes for event in story.epochs(1, each)))
            await opened.press("tab", *keys, "enter")
            yield opened

    return open_explanation


@pytest.fixture
def inside(window: Any, story: Any, network: Network) -> Any:
    """Opens a page of the network view, paused after an epoch, and waits for what it shows."""

    @asynccontextmanager
    async def open_page(
        page: str,
        shows: str,
        *size: int,
        of: Network = network,
        environment: dict[str, str] | None = None,
    ) -> Any:
        evaluated_at = story.evaluated_at
        story.evaluated_at = lambda *values: replace(evaluated_at(*values), network=of)
        async with window(*(size or (80, 24)), environment=environment) as opened:
            await opened.tell(*story.opening(), *story.epochs(1, MISTAKES), story.paused())
            opened.app.show_view("network")
            await opened.settle()
            opened.app.screen.go_to_page([each.NAME for each in PAGES].index(page))
            await opened.until(lambda: re.search(shows, opened.text))
            await opened.settle()  # what was drawn first may be drawn anew at another size
            yield opened

    return open_page


@pytest.fixture
def browse(window: Any, story: Any) -> Any:
    """Opens the view after an epoch."""

    @asynccontextmanager
    async def open_view(width: int = 80, height: int = 24, mistakes: Any = MISTAKES) -> Any:
        async with window(width, height) as opened:
            await opened.tell(*story.opening(), *story.epochs(1, mistakes))
            await opened.press("tab")
            yield opened

    return open_view


@pytest.fixture
def confuse(window: Any, story: Any) -> Any:
    """Opens the view after some epochs, each with mistakes of its own; the first cell is chosen."""

    @asynccontextmanager
    async def open_view(
        width: int = 80, height: int = 24, *epochs: Any, choose: bool = True
    ) -> Any:
        async with window(width, height) as opened:
            await opened.tell(*story.opening())
            for mistakes in epochs or (FIRST,):
                await opened.tell(*story.epochs(1, mistakes))
            opened.app.switch_mode("confusion")
            await opened.settle()
            if choose:
                opened.app.screen.choose(Cell(0, 0))
                await opened.settle()
            yield opened

    return open_view


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
