"""The page with a map of the digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import pytest
from support.mistakes_view import MISTAKES, explained
from support.rarely import rarely
from support.steering import forked, of_fork
from textual import events

from digit_tui.data import Dataset
from digit_tui.insight.embedding import Embedding, embed
from digit_tui.insight.neighbours import hidden_features
from digit_tui.insight.projection import project
from digit_tui.nn import Network
from digit_tui.run import events as happened
from digit_tui.tui.screens.network import placing
from digit_tui.tui.screens.network.map import MapPage
from digit_tui.tui.screens.network.page import Look
from digit_tui.tui.screens.network.placing import Neighbourhood, Placing
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.digit_map import DigitMap

READY = r"(?:Map of layer 1 by )?PCA: \d+% of the variance"
DOTS = re.compile("[\u2801-\u28ff]")


def digit_of(opened: Any) -> int:
    """The digit that the cursor is at."""
    return int(opened.find(r"#\d+")[1:])


def cursor(opened: Any) -> tuple[int, int]:
    """Column and row of the cursor on the map."""
    (found,) = [
        (row.index("▸") + 1, at) for at, row in enumerate(opened.rows) if re.search("▸[0-9]◂", row)
    ]
    left, top = opened.app.screen.query_one(DigitMap).content_region.offset
    return found[0] - left, found[1] - top


async def click(opened: Any, column: int, row: int, times: int = 1) -> None:
    await opened.pilot.click(DigitMap, offset=(column, row), times=times)
    await opened.settle()


def corners(opened: Any) -> tuple[int, int]:
    """The offset of what is drawn in the widget: beyond its border."""
    widget = opened.app.screen.query_one(DigitMap)
    return tuple(widget.content_region.offset - widget.region.offset)  # type: ignore[return-value]


@pytest.mark.parametrize("size", [(80, 24), *rarely((60, 20), (120, 40), (200, 60))])
async def test_map_and_digit_fit(inside: Any, sample: Dataset, size: tuple[int, int]) -> None:
    async with inside("Map", READY, *size) as opened:
        opened.find(f"#31  {sample.test_labels[31]} → 0  99%")
        opened.find("loss 4.61")
        opened.find("●0 ●1 ●2 ●3 ●4")
        opened.find("✗ 4 mistakes")
        dots = len(DOTS.findall(opened.text))
        assert dots > 100 if size[0] <= 80 else dots == 0  # there is room for characters
        picture = opened.app.screen.query_one("MapPage DigitPicture")
        assert len(picture._strips) >= 7


async def test_a_digit_lies_where_the_components_say(
    inside: Any, sample: Dataset, network: Network
) -> None:
    async with inside("Map", READY, 120, 40) as opened:
        points = project(hidden_features(network, sample.test_images)).points
        left, top = corners(opened)
        widget = opened.app.screen.query_one(DigitMap)
        width, height = widget.size
        for column, row, extreme in (
            (0, height // 2, points[:, 0].argmin()),
            (width - 1, height // 2, points[:, 0].argmax()),
        ):
            spans = np.ptp(points, axis=0)
            scale = min((width - 1) / spans[0], 2 * (height - 1) / spans[1])
            middle = (points.max(axis=0) + points.min(axis=0)) / 2
            x, y = (points[extreme] - middle) * [scale, -scale / 2]
            column, row = round((width - 1) / 2 + x), round((height - 1) / 2 + y)
            await click(opened, left + column, top + row)
            shown = digit_of(opened)
            assert np.abs((points[shown] - points[extreme]) * scale).max() <= 2
            assert np.abs(np.subtract(cursor(opened), (column, row))).max() <= 1


async def test_arrows_go_to_another_digit_in_their_direction(inside: Any) -> None:
    async with inside("Map", READY) as opened:
        for key, axis, sign in (("right", 0, 1), ("left", 0, -1), ("down", 1, 1), ("up", 1, -1)):
            before, digit = cursor(opened), digit_of(opened)
            await opened.press(key)
            assert digit_of(opened) != digit
            assert sign * (cursor(opened)[axis] - before[axis]) > 0


async def test_a_key_may_come_before_a_new_map_is_drawn(inside: Any) -> None:
    async with inside("Map", READY) as opened:
        page = opened.app.screen.query_one(MapPage)
        found = page._found
        page.take(found.look, found._replace(points=found.points[:5], digits=found.digits[:5]))
        page.draw()
        page.take(found.look, found)
        await opened.press("right", "left", "down")
        assert opened.app.screen.query_one(MapPage)._found is found


async def test_a_key_may_come_before_the_page_has_its_widgets(inside: Any) -> None:
    async with inside("Map", READY) as opened:
        page = opened.app.screen.query_one(MapPage)
        page.ready = False
        for child in list(page.children):
            await child.remove()
        await opened.press("shift+right", "plus", "right")
        assert opened.app.screen.focused is page


async def test_it_is_zoomed_and_moved_by_keys(inside: Any) -> None:
    async with inside("Map", READY) as opened:
        await click(opened, 26, 9)
        digit, before = digit_of(opened), cursor(opened)
        await opened.press("plus", "plus")
        opened.find(READY + r", 2\.2×")
        assert cursor(opened) == before
        await opened.press("shift+right")
        assert cursor(opened)[0] < before[0]
        await opened.press("shift+left", "minus")
        opened.find(r"1\.5×")
        await opened.press("0")
        assert "×" not in opened.rows[3]
        assert (digit_of(opened), cursor(opened)) == (digit, before)


async def test_it_is_zoomed_and_moved_by_the_mouse(inside: Any) -> None:
    async with inside("Map", READY) as opened:
        await click(opened, 26, 9)
        digit, before = digit_of(opened), cursor(opened)
        left, top = opened.app.screen.query_one(DigitMap).content_region.offset
        at = (left + before[0], top + before[1])

        async def mouse(kind: Any, dx: int = 0, dy: int = 0, button: int = 0) -> None:
            x, y = at[0] + dx, at[1] + dy
            event = kind(None, x, y, dx, dy, button, False, False, False, x, y)
            opened.app.post_message(event)
            await opened.settle()

        for _ in range(3):
            await mouse(events.MouseScrollUp)
        opened.find(r"3\.4×")
        # It stays where the mouse points; the digit may be half a cell beside that.
        assert np.abs(np.subtract(cursor(opened), before)).max() <= 2
        before = cursor(opened)
        await mouse(events.MouseDown, button=1)
        await mouse(events.MouseMove, 3, 2, 1)
        await mouse(events.MouseUp, 3, 2, 1)
        assert cursor(opened) == (before[0] + 3, before[1] + 2)
        assert digit_of(opened) == digit  # a drag is no click
        for _ in range(3):
            await mouse(events.MouseScrollDown)
        assert "×" not in opened.rows[3]


async def test_only_mistakes(inside: Any, sample: Dataset) -> None:
    async with inside("Map", READY) as opened:
        await opened.press("v")
        opened.find(READY + ", mistakes")
        assert not DOTS.findall(opened.text)
        seen = set()
        for key in ("up",) * 4 + ("down",) * 4 + ("left",) * 4 + ("right",) * 4:
            seen.add(digit_of(opened))
            await opened.press(key)
        assert {31} < seen <= set(MISTAKES)
        await opened.press("v")
        assert DOTS.findall(opened.text)


async def test_a_digit_leads_to_the_mistakes_and_inside(inside: Any) -> None:
    async with inside("Map", READY) as opened:
        await opened.press("right")
        digit = digit_of(opened)
        await opened.press("i")
        await opened.until(lambda: "output: the logit" in opened.text)
        assert digit_of(opened) == digit
        await opened.press("p")
        await opened.until(lambda: re.search(READY, opened.text))
        left, top = corners(opened)
        column, row = cursor(opened)
        await click(opened, left + column, top + row, times=2)
        await opened.until(lambda: "rank" in opened.text)
        first = explained(opened)
        await opened.press("escape")
        assert digit_of(opened) == first
        await opened.press("enter")
        await opened.until(lambda: "rank" in opened.text)
        assert explained(opened) == first


async def test_without_colour_digits_are_their_own_marks(inside: Any, sample: Dataset) -> None:
    async with inside("Map", READY, environment={"NO_COLOR": "1"}) as opened:
        assert not DOTS.findall(opened.text)
        on_map = "".join(row[:54] for row in opened.rows[4:20])
        assert {*"0123456789"} <= set(on_map)
        opened.find(f"▸{sample.test_labels[31]}◂")
        opened.find("0 1 2 3 4")
        assert "●" not in opened.text


async def test_it_follows_the_network_but_not_too_often(inside: Any, story: Any) -> None:
    async with inside("Map", READY) as opened:
        await opened.tell(story.resumed(), *story.epochs(1, MISTAKES))
        assert "epoch 1.00" in opened.rows[2]
        await opened.tell(story.paused())
        await opened.until(lambda: "epoch 2.00" in opened.rows[2])


async def test_a_network_that_diverged_has_no_map(inside: Any, network: Network) -> None:
    network.parameters[:] = np.nan
    async with inside("Map", "The network has diverged", of=network) as opened:
        for key in ("right", "plus", "enter", "i", "b", "v", "0", "shift+up", "escape"):
            await opened.press(key)


class Held:
    """t-SNE that goes on, a result each time, when it is told to."""

    def __init__(self) -> None:
        self.go_on = Event()
        self.begun = 0
        self.ended = Event()

    def embed(self, features: Any) -> Iterator[Embedding]:
        self.begun += 1
        self.ended.clear()
        try:
            for each in embed(features, 40):
                yield each
                self.go_on.wait(20)
        finally:
            self.ended.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    made = Held()
    monkeypatch.setattr(placing, "embed", made.embed)
    yield made
    made.go_on.set()


class TestNeighbourhood:
    async def test_it_shows_its_progress_and_stays_as_the_network_learns(
        self, inside: Any, held: Held, story: Any
    ) -> None:
        async with inside("Map", READY) as opened:
            await opened.press("b")
            await opened.until(lambda: "t-SNE: 0 of 40" in opened.text)
            opened.find("by t-SNE, esc stops")
            held.go_on.set()
            await opened.until(lambda: "t-SNE at epoch 1: 1,000 digits" in opened.text)
            opened.find("b PCA")
            before = cursor(opened)
            await opened.press("right")
            assert cursor(opened)[0] > before[0]
            await opened.tell(*story.epochs(1, MISTAKES), story.paused())
            await opened.press("p", "P")
            await opened.until(lambda: "t-SNE at epoch 1" in opened.text)
            assert held.begun == 1
            await opened.press("b")
            await opened.until(lambda: re.search(READY, opened.text))
            await opened.until(lambda: "epoch 2.00" in opened.rows[2])
            opened.find("b t-SNE")
            words = [opened.app.screen.active_bindings["v"].binding.description]
            await opened.press("v")
            words.append(opened.app.screen.active_bindings["v"].binding.description)
            assert words == ["Mistakes", "All"]

    @pytest.mark.parametrize("kept", [False, True])
    async def test_another_network_begins_without_it(
        self, inside: Any, held: Held, story: Any, kept: bool
    ) -> None:
        """That of another run, or of the fork that goes on in place of the run."""
        held.go_on.set()
        async with inside("Map", READY) as opened:
            if kept:
                await opened.tell(forked(story, "optimizer sgd"))
            await opened.press("b")
            await opened.until(lambda: "t-SNE at epoch 1: 1,000 digits" in opened.text)
            if kept:
                other = story.evaluated({31: (5, 0.9)})
                await opened.tell(*of_fork(other))
                await opened.tell(happened.ForkEnded(story.step, "fork", "/runs/one", "asked"))
                await opened.until(lambda: re.search(READY, opened.text))
                opened.find("→ 5  90%")
                return
            opened.app.model = RunModel(opened.app.model.config)
            await opened.tell(story.loaded(), story.started())
            assert "t-SNE at epoch" not in opened.text
            story.step, story.epoch = 0, 0.0
            await opened.tell(*story.opening()[2:], *story.epochs(2, MISTAKES), story.paused())
            await opened.until(lambda: re.search(READY, opened.text))
            opened.find("b t-SNE")

    async def test_esc_stops_it(self, inside: Any, held: Held) -> None:
        async with inside("Map", READY) as opened:
            before = opened.rows[4:20]
            await opened.press("b")
            await opened.until(lambda: "t-SNE: 0 of 40" in opened.text)
            opened.find("esc Stop")
            await opened.press("escape")
            held.go_on.set()
            await opened.until(held.ended.is_set)
            await opened.until(lambda: re.search(READY, opened.text))
            await opened.settle()
            assert opened.rows[4:20] == before
            assert "esc Stop" not in opened.text

    @pytest.mark.long
    async def test_another_page_stops_it(self, inside: Any, held: Held) -> None:
        async with inside("Map", READY) as opened:
            await opened.press("b")
            await opened.until(lambda: "t-SNE: 0 of 40" in opened.text)
            await opened.press("P")
            held.go_on.set()
            await opened.until(lambda: "output: the logit" in opened.text)
            assert held.ended.is_set()
            await opened.press("p")
            await opened.until(lambda: re.search(READY, opened.text))

    async def test_leaving_does_not_wait_for_it(self, inside: Any, held: Held) -> None:
        async with inside("Map", READY) as opened:
            await opened.press("b")
            await opened.until(lambda: "t-SNE: 0 of 40" in opened.text)
            page = opened.app.screen.page
            await opened.app.screen.remove_children("MapPage")
            assert page.choice.stop.is_set()
            held.go_on.set()  # the thread is this process's: it would be waited for

    def test_the_chosen_digit_is_among_those_that_are_placed(
        self, story: Any, network: Network, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(placing, "MOST", 50)
        monkeypatch.setattr(placing, "embed", lambda features: embed(features, 1))
        look = look_at(story, network)
        told: list[int] = []
        for digit in (0, 501, 999):
            found = Placing().by_neighbourhood(
                look, Neighbourhood(digit), lambda _, reached: told.append(reached.iteration)
            )
            assert found is not None
            assert digit in found.digits
            assert 48 <= len(found.digits) <= 50
            assert found.points.shape == (len(found.digits), 2)
        assert told == [0, 1] * 3


def look_at(story: Any, network: Network) -> Look:
    return Look(story.dataset, replace(story.evaluated(), network=network), None)


def test_a_map_does_not_flip_or_turn(story: Any, network: Network) -> None:
    """The same network with its units in another order has other axes, of any sign."""
    placing = Placing()
    first = placing.by_components(look_at(story, network)).points
    random = np.random.default_rng(0)
    flipped = 0
    for _ in range(6):
        other = network.copy()
        order = random.permutation(128)
        other.layers[0].weights[:] = network.layers[0].weights[:, order]
        other.layers[0].biases[:] = network.layers[0].biases[order]
        other.layers[1].weights[:] = network.layers[1].weights[order]
        look = look_at(story, other)
        np.testing.assert_allclose(placing.by_components(look).points, first, atol=1e-4)
        flipped += not np.allclose(Placing().by_components(look).points, first, atol=1e-4)
    assert flipped
