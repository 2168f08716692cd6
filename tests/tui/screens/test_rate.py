"""The dialog that finds a learning rate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from threading import Event
from time import sleep
from typing import Any

import pytest
from support.rarely import rarely
from support.steering import forked
from textual.widgets import Static
from threadpoolctl import threadpool_limits

from digit_tui.insight import rate_finder
from digit_tui.run import commands, rate_search
from digit_tui.run import events as happened
from digit_tui.run.rate_search import FoundRate, RateSearch
from digit_tui.run.rate_words import taken
from digit_tui.tui.app import DigitApp
from digit_tui.tui.screens import rate as rate_module
from digit_tui.tui.screens.rate import RateDialog
from digit_tui.tui.screens.train import TrainView

Open = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few steps, by one thread, as beside a run that trains."""
    monkeypatch.setattr(rate_finder, "MOST", 60)
    monkeypatch.setattr(rate_finder, "FEWEST", 60)
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture
def dialog(window: Any, story: Any) -> Open:
    """Opens it in a run that trains."""

    @asynccontextmanager
    async def open_dialog(
        *size: int,
        shows: str = "Chosen",
        present: float = 0.001,
        before: Sequence[Any] = (),
        **options: Any,
    ) -> AsyncIterator[Any]:
        async with window(*(size or (80, 24)), **options) as opened:
            await opened.tell(*story.opening(), *story.epochs(1), *before)
            looks = opened.app.runner.looks
            await opened.press("L")
            assert isinstance(opened.app.screen, RateDialog)
            opened.find("The run is asked for its state")
            assert opened.app.runner.looks == looks + 1
            await opened.tell(replace(story.inspected(), learning_rate=present))
            await opened.until(lambda: shows in opened.text)
            yield opened

    return open_dialog


def suggested(app: DigitApp, story: Any) -> float:
    """What the same test suggests without a screen."""
    assert app.model.inspected is not None
    search = RateSearch(app.model.inspected, story.dataset, story.config)
    assert list(search.steps())
    suggestion = search.found().curve.suggestion
    assert suggestion is not None
    return taken(suggestion)


@pytest.mark.parametrize("size", [(80, 24), *rarely((60, 20), (120, 40), (200, 50))])
async def test_what_is_suggested_is_taken(dialog: Open, story: Any, size: tuple[int, int]) -> None:
    async with dialog(*size) as opened:
        opened.find("Loss by learning rate, log: ")
        opened.find(r"s steepest [\d.]+   t minimum/10 [\d.]+   n now 0.001")
        opened.find("1e-6 +1e-5 .* 10|1e-6 +0.0001 ")
        opened.find(r"At step \d+: 46 steps from 1e-06; the loss exploded at")
        chosen = suggested(opened.app, story)
        opened.find(f"Chosen: {chosen:g} ")
        await opened.press("enter")
        assert isinstance(opened.app.screen, TrainView)
        assert opened.sent == [commands.SetLearningRate(chosen)]


async def test_another_rate_is_chosen_by_keys_or_a_click(dialog: Open) -> None:
    async with dialog() as opened:
        screen = opened.app.screen
        await opened.press("n")
        opened.find("Chosen: 0.001 ")
        await opened.press("right")
        assert screen._rate > 0.001
        await opened.press("left", "left")
        assert screen._rate < 0.001
        await opened.press(*["pagedown"] * 6)
        opened.find("Chosen: 10 ")
        await opened.press(*["shift+left"] * 10)
        opened.find("Chosen: 1e-06 ")
        await opened.press("t")
        tenth = taken(screen._found.curve.tenth)
        opened.find(f"Chosen: {tenth:g} ")
        await opened.press("s")
        steepest = taken(screen._found.curve.steepest)
        opened.find(f"Chosen: {steepest:g} ")
        (row,) = (row for row in opened.rows if "1e-6" in row)
        place = row.index("0.001") + 2, opened.rows.index(row) - 4
        await opened.pilot.click(offset=place)
        await opened.settle()
        clicked = screen._rate
        assert 0.0007 < clicked < 0.0014
        await opened.press("enter")
        assert opened.sent == [commands.SetLearningRate(clicked)]


async def test_now_is_what_is_set_however_far_the_schedule_has_lowered_it(dialog: Open) -> None:
    async with dialog(present=0.0003) as opened:
        opened.find("n now 0.0003 .base rate 0.001.")
        await opened.press("n")
        opened.find("Chosen: 0.001 ")
        opened.find("The schedule makes 0.0003 of this base rate now")
        await opened.press("enter")
        assert opened.sent == [commands.SetLearningRate(0.001)]


async def test_a_rate_that_fits_is_left_as_it_is(
    dialog: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FoundRate, "fits", True)
    async with dialog() as opened:
        opened.find(r"Chosen: 0.001 \(loss [\d.]+\), as it is: it fits")


@pytest.mark.long
@pytest.mark.parametrize("key", ["escape", "q", "L"])
async def test_who_leaves_takes_none(dialog: Open, key: str) -> None:
    async with dialog() as opened:
        await opened.press(key)
        assert isinstance(opened.app.screen, TrainView)
        assert opened.sent == []


async def test_nothing_is_taken_before_it_is_found_and_leaving_stops_it(
    dialog: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread ends as soon as the dialog is left."""
    ended = Event()

    class Endless(RateSearch):
        def steps(self) -> Iterator[int]:
            try:
                losses = super().steps()
                yield next(losses)
                while True:
                    sleep(0.02)
                    yield 1
            finally:
                ended.set()

    monkeypatch.setattr(rate_module, "RateSearch", Endless)
    monkeypatch.setattr(rate_module, "SHOW_SECONDS", 0.5)
    async with dialog(shows="esc gives it up") as opened:
        opened.find("Step 1 of 60, at rate 1e-06")
        await opened.press("enter")
        await opened.until(lambda: "no rate to take yet" in opened.text)
        await opened.press("right", "s")
        assert isinstance(opened.app.screen, RateDialog)
        await opened.press("escape")
        assert isinstance(opened.app.screen, TrainView)
        await opened.until(ended.is_set)
        assert opened.sent == []


@pytest.mark.long
async def test_a_schedule_makes_a_part_of_it(window: Any, story: Any) -> None:
    """As with `rate`, the base rate is set."""
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.press("L")
        inspected = story.inspected()
        half = inspected.state.settings.learning_rate / 2
        await opened.tell(replace(inspected, learning_rate=half))
        await opened.until(lambda: "Chosen" in opened.text)
        chosen = opened.app.screen._rate
        opened.find(
            f"The schedule makes {chosen / 2:.2g} of this base rate now; the loss is at {chosen:g}"
        )


async def test_where_nothing_can_be_suggested_the_reason_is_said(
    dialog: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_finder, "FALL", 0.99)
    async with dialog() as opened:
        opened.find(r"At step \d+: no rate is suggested: the loss falls at no rate")
        opened.find("Chosen: 0.001 ")  # the base rate
        assert "s steepest" not in opened.text


@pytest.mark.long
async def test_an_error_is_told(dialog: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr(rate_search, "range_test", fail)
    async with dialog(shows="This cannot be computed: no room") as opened:
        await opened.press("enter")
        opened.find("This cannot be computed")
        await opened.press("escape")
        assert opened.sent == []


async def test_beside_a_fork_there_is_none(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1), forked(story, "optimizer sgd"))
        await opened.press("L")
        assert isinstance(opened.app.screen, TrainView)
        opened.find("There is a fork beside the run")


async def test_before_the_digits_are_read_there_is_none(window: Any) -> None:
    async with window() as opened:
        await opened.press("L")
        assert isinstance(opened.app.screen, TrainView)
        opened.find("find a rate when training has begun")


@pytest.mark.long
async def test_without_colour(dialog: Open) -> None:
    """Letters tell the curves apart."""
    async with dialog(environment={"NO_COLOR": "1"}) as opened:
        title = opened.app.screen.query_one("#rate-title", Static)
        assert "* smoothed . each batch" in str(title.render())
        opened.find(r"\*\*\*")


async def test_in_trouble_no_rate_fits(dialog: Open, story: Any) -> None:
    spike = happened.Paused(story.step, story.epoch, "spike")
    async with dialog(before=[spike]) as opened:
        opened.find("This network is in trouble: esc, then u, is the way back")
        await opened.press("n")
        assert "it fits" not in opened.text
