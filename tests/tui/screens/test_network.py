"""The view of what is inside the network: what it asks for, and what its pages show."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from operator import mul
from typing import Any

import numpy as np
import pytest
from support.rarely import rarely
from support.steering import forked

from digit_tui.insight.layers import LayerFacts
from digit_tui.run import events as happened
from digit_tui.run.commands import AppliedCommand, Prune
from digit_tui.tui.screens.network.page import Page
from digit_tui.tui.screens.network.view import PAGES, NetworkView
from digit_tui.tui.widgets.layer_table import COLUMNS, past_bars


def page_of(opened: Any) -> Page:
    view = opened.app.screen
    assert isinstance(view, NetworkView)
    return view.page


async def show(opened: Any, page: str) -> None:
    """Go to a page of the network view."""
    opened.app.show_view("network")
    await opened.settle()
    names = [each.NAME for each in PAGES]
    for _ in range(names.index(page)):
        await opened.press("p")


async def test_the_state_is_asked_for_only_where_it_is_seen(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        runner = opened.app.runner
        for mode in opened.app.VIEWS:
            opened.app.show_view(mode)
            await opened.settle()
            before = runner.looks
            await opened.tell(*story.epochs(2), story.paused(), *story.epochs(1))
            watched = mode in ("train", "network")
            assert (runner.looks > before) == watched, mode


@pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40))])
async def test_each_layer_has_a_row(window: Any, story: Any, size: tuple[int, int]) -> None:
    async with window(*size) as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await show(opened, "Layers")
        opened.find("The run is asked for its state")
        await opened.tell(story.inspected())
        await opened.until(lambda: "▸1" in opened.text)
        sizes = opened.app.model.network
        for fan_in, fan_out in pairwise(sizes):
            await opened.until(lambda row=f"{fan_in}→{fan_out}": row in opened.text)
        assert "The run is asked" not in opened.text
        opened.find("Weights of layer 1")
        opened.find("epoch 1.00")
        assert ("h Histogram" in opened.text) == (size == (80, 24))  # else all are shown
        await opened.press("down")
        await opened.until(lambda: "Weights of the output" in opened.text)
        opened.find(r"^ ▸output .* - +- +\S+$")  # it has no ReLU
        await opened.press("up", "up")
        await opened.until(lambda: "Weights of layer 1" in opened.text)


async def test_a_small_screen_shows_one_histogram_after_the_other(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await show(opened, "Layers")
        await opened.tell(story.inspected())
        await opened.until(lambda: "Weights of layer 1" in opened.text)
        for title in ("Gradients", "Activations", "Weights"):
            await opened.press("h")
            opened.find(f"{title} of layer 1")
        await opened.press("l")
        opened.find("Weights of layer 1, log counts")
        assert "Removed" not in opened.text
        pruned = story.inspected()
        settings = replace(pruned.state.settings, pruned=0.5)
        pruned.state.change_removed(settings, pruned.network.sizes)
        await opened.tell(story.paused(), story.evaluated())
        await opened.tell(pruned)
        sizes = pruned.network.sizes
        half = sum(map(mul, sizes, sizes[1:])) // 2
        await opened.until(lambda: f"left out here: {half:,} of" in opened.text)


async def test_the_gradient_is_checked_on_demand(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1), story.paused())
        await show(opened, "Layers")
        await opened.tell(story.inspected())
        await opened.until(lambda: "▸1" in opened.text)
        await opened.press("g")
        await opened.until(lambda: "gradient check at epoch 1.00: it is right; 100 " in opened.text)
        await opened.tell(*story.epochs(1), story.paused())
        await opened.tell(story.inspected())
        await opened.until(lambda: "epoch 2.00\n" in opened.text)
        opened.find("gradient check at epoch 1.00: it is right")
        inspected = story.inspected()
        inspected.state.lineage = (AppliedCommand(200, Prune(0.95)),)
        await opened.tell(story.changed("pruned", 0.95), story.evaluated())
        await opened.tell(inspected)
        await opened.until(lambda: "gradient check" not in opened.text)


async def test_the_past_is_drawn_and_forgotten_where_the_run_goes_back(
    window: Any, story: Any
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1), story.paused())
        await show(opened, "Layers")
        first = story.inspected()
        await opened.tell(first)
        await opened.until(lambda: "▸1" in opened.text)
        await opened.tell(*story.epochs(1), story.paused())
        await opened.press("h")
        opened.find("epoch 1.00$")  # as the numbers below
        await opened.tell(story.inspected(seed=1))
        await opened.until(lambda: "since epoch 1:" in opened.text)
        await opened.tell(replace(first))
        await opened.until(lambda: "since epoch" not in opened.text)


def test_only_a_change_that_matters_is_seen_in_the_past() -> None:
    assert past_bars([0.056, 0.058, 0.0565, np.nan], log=True) == "▁▁▁ "
    assert past_bars([0.05, 0.06, 0.1], log=True) == "▁▃█"
    assert past_bars([1.0, 1e-3, 10.0], log=True)[1:] == "▁█"


@pytest.mark.parametrize("mean", [0.0, -0.00093, 12.5, -2.2e11, float("nan")])
@pytest.mark.parametrize("deviation", [0.05, 9_999.0, 1.8e12, float("inf")])
def test_columns_do_not_touch_where_weights_have_exploded(mean: float, deviation: float) -> None:
    layer = LayerFacts((784, 512), 401_920, mean, deviation, 1e30, 1e30, 0.1, 0.1, -1e30)
    assert all(len(text(layer)) < width or name == "shape" for name, width, text in COLUMNS)


async def test_an_opened_page_shows_the_network_as_it_is_now(window: Any, story: Any) -> None:
    async with window(toasts=True) as opened:
        await opened.tell(*story.opening(), *story.epochs(1), story.inspected())
        await opened.tell(*story.epochs(1))
        await show(opened, "Layers")
        opened.find("The run is asked for its state")
        assert opened.app.runner.looks
        await opened.tell(*story.epochs(1), story.inspected(seed=1))
        await opened.until(lambda: "epoch 3.00\n" in opened.text)
        await opened.tell(*story.epochs(1))
        await opened.press("p")
        await opened.until(lambda: "epoch 4.00\n" in opened.text)
        await opened.tell(*story.epochs(1))
        await opened.press("P")
        opened.find("epoch 3.00$")  # as the numbers below
        await opened.tell(story.inspected(seed=2))
        await opened.until(lambda: "epoch 5.00\n" in opened.text)
        # A fork is told of here, too, where there is no log, and whose numbers these are.
        await opened.tell(forked(story, "optimizer sgd"))
        (told,) = opened.app._notifications
        assert "fork with optimizer sgd" in told.message
        opened.find(r"training  \+ fork  epoch 5\.00/25")
        opened.find("run, epoch 5.00$")
        await opened.tell(happened.ForkEnded(story.step, "run", None, "asked"))
        assert "kept the run" in [*opened.app._notifications][-1].message
        assert "fork" not in opened.rows[1]


async def test_a_network_that_diverged_is_shown_too(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await show(opened, "Layers")
        inspected = story.inspected()
        inspected.network.parameters[:] = np.nan
        await opened.tell(inspected)
        await opened.until(lambda: "nan" in opened.text)
        opened.find("not finite")


async def test_what_cannot_be_computed_is_said(
    window: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(*_: Any) -> None:
        raise MemoryError("no room")

    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        monkeypatch.setattr(PAGES[0], "compute", compute)
        await show(opened, PAGES[0].NAME)
        await opened.tell(story.inspected())
        await opened.until(lambda: "This cannot be computed: no room" in opened.text)


@pytest.mark.long
async def test_a_page_is_mounted_when_it_is_first_shown(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await show(opened, PAGES[0].NAME)
        for turned in range(2 * len(PAGES)):
            mounted = [type(each) for each in opened.app.screen.query(Page)]
            assert {*mounted} == {*PAGES[: turned + 1]}
            assert len(mounted) == min(turned + 1, len(PAGES))
            assert page_of(opened).ready
            await opened.press("p")


@pytest.mark.long
async def test_pages_are_turned_by_key_and_by_click(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await show(opened, PAGES[0].NAME)
        for page in [*PAGES[1:], PAGES[0]]:
            await opened.press("p")
            assert isinstance(page_of(opened), page)
            assert page_of(opened).has_focus
        row = next(at for at, text in enumerate(opened.rows) if PAGES[0].NAME in text)
        for page in reversed(PAGES):
            column = opened.rows[row].index(page.NAME)
            await opened.pilot.click(offset=(column, row))
            await opened.settle()
            assert isinstance(page_of(opened), page)
