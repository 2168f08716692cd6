"""The page of units: what it shows, its keys and the mouse."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import pytest
from support.rarely import rarely
from textual.geometry import Offset

from digit_tui.data import SIGNED_RAMPS, draw_signed
from digit_tui.insight.one_unit import pictures_of, unit_facts
from digit_tui.insight.significance import Comparison
from digit_tui.insight.units import LayerUnits, layer_units, without_units
from digit_tui.nn import Network, evaluate
from digit_tui.run import commands
from digit_tui.run.events import Effect, Inspected
from digit_tui.run.pruning import prune_by_magnitude
from digit_tui.tui.screens.hints import hint_at
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.network import view as view_module
from digit_tui.tui.screens.network.units import UnitsPage
from digit_tui.tui.screens.network.view import PAGES, NetworkView
from digit_tui.tui.state import found_units
from digit_tui.tui.state.found_units import FoundUnits
from digit_tui.tui.widgets import pruning_chart
from digit_tui.tui.widgets.pruning_chart import PruningChart
from digit_tui.tui.widgets.unit_tiles import UnitTiles

OpenPage = Callable[..., AbstractAsyncContextManager[Any]]
CAPTION = re.compile(r"(▸?)(\d+) (?:\d+s [\d.]+%|[\d.]+(?= |$)|off|dead)")


@pytest.fixture
def network(network: Network) -> Network:
    """One with a dead unit."""
    network.layers[0].biases[7] = -1e3
    return network


@pytest.fixture
def layer(network: Network, story: Any) -> LayerUnits:
    """What is known of its first layer."""
    return layer_units(network, story.dataset.test_images, story.dataset.test_labels, 1)


@pytest.fixture
def show(window: Any, story: Any, network: Network) -> OpenPage:
    """Opens the page, with the network as the one that was evaluated."""

    @asynccontextmanager
    async def open_page(*size: int, **options: Any) -> AsyncIterator[Any]:
        tell_of(story, network)
        async with window(*size, **options) as opened:
            await opened.tell(*story.opening(), *story.epochs(1), story.paused())
            opened.app.show_view("network")
            await opened.settle()
            for _ in range(PAGES.index(UnitsPage)):
                await opened.press("p")
            await opened.until(lambda: CAPTION.search(opened.text))
            yield opened

    return open_page


def tell_of(story: Any, network: Network) -> None:
    """Have the story tell of evaluations of a network."""
    evaluated_at = type(story).evaluated_at
    story.evaluated_at = lambda *values: replace(evaluated_at(story, *values), network=network)


def state_of(story: Any, network: Network) -> Inspected:
    """The state of a run with this network."""
    inspected: Inspected = story.inspected()
    inspected.network.parameters[:] = network.parameters
    assert inspected.state.average is not None
    inspected.state.average[:] = network.parameters
    return inspected


async def open_curve(opened: Any, state: Inspected) -> None:
    """Show the accuracy after pruning; the run answers with its state."""
    await opened.press("b")
    await opened.tell(state)


def shown(opened: Any) -> list[int]:
    """The units on the page, row by row."""
    return [int(unit) for row in opened.rows for _, unit in CAPTION.findall(row)]


def chosen(opened: Any) -> int:
    (unit,) = [int(unit) for mark, unit in CAPTION.findall(opened.text) if mark]
    return unit


async def click(opened: Any, unit: int, row: int) -> None:
    """Click so far below the caption of a unit."""
    ((x, y),) = [
        (found.start(), y)
        for y, line in enumerate(opened.rows)
        for found in CAPTION.finditer(line)
        if int(found[2]) == unit
    ]
    await opened.pilot.click(offset=(x + 1, y + row))
    await opened.settle()


async def computed(opened: Any) -> None:
    """Wait for the threads of the page."""
    groups = ("look", "pruning")
    await opened.until(
        lambda: all(each.is_finished for each in opened.app.workers if each.group in groups)
    )


@pytest.mark.parametrize(("size", "count"), [((80, 24), 10), ((120, 40), 28)])
async def test_the_most_important_units_are_pictures(
    show: OpenPage, layer: LayerUnits, size: tuple[int, int], count: int
) -> None:
    async with show(*size) as opened:
        first = layer.order("importance")[:count].tolist()
        assert shown(opened) == first
        assert chosen(opened) == first[0]
        opened.find(f"Layer 1 of 2: 128 units by importance, 1 to {count}")
        best = int(layer.class_means[first[0]].argmax())
        share = layer.importance[first[0]] / layer.importance.sum()
        opened.find(f"▸{first[0]} {best}s {share:.1%}")
        await opened.press("end")
        assert shown(opened)[-1] == 7
        opened.find("7 dead")


async def test_a_picture_has_the_colours_of_its_weights(
    show: OpenPage, network: Network, layer: LayerUnits
) -> None:
    network.layers[0].weights[: 28 * 14] = 0.1
    network.layers[0].weights[28 * 14 :] = -0.1
    async with show() as opened:
        strips = opened.app.screen._compositor.render_strips()
        y = next(at for at, row in enumerate(opened.rows) if "▸" in row)
        tiles = opened.app.screen.query_one(UnitTiles)
        _, _, excites, calms = tiles.palette or ()
        above, below = strips[y + 1].crop(2, 3), strips[y + 7].crop(2, 3)
        for strip, color in ((above, excites), (below, calms)):
            (segment,) = strip
            assert segment.style.bgcolor.triplet == color.rich_color.triplet


async def test_signs_stand_where_there_is_no_colour(
    show: OpenPage, network: Network, layer: LayerUnits
) -> None:
    async with show(environment={"NO_COLOR": "1"}) as opened:
        y = next(at for at, row in enumerate(opened.rows) if "▸" in row)
        (picture,) = pictures_of(network, 1, [chosen(opened)])
        drawn = [row[1:15].ljust(14) for row in opened.rows[y + 1 : y + 8]]
        assert drawn == draw_signed(picture, 14, 7)
        assert set("".join(drawn)) & {*SIGNED_RAMPS[0]}
        assert set("".join(drawn)) & {*SIGNED_RAMPS[1]}


async def test_keys_move_and_sort(show: OpenPage, layer: LayerUnits) -> None:
    async with show() as opened:
        order = layer.order("importance").tolist()
        for key, row in {
            "right": 1, "down": 6, "left": 5, "up": 0, "pagedown": 10, "pageup": 0, "end": 127
        }.items():  # fmt: skip
            await opened.press(key)
            assert chosen(opened) == order[row], key
        await opened.press("home", "y")
        opened.find("128 units by activity for 0s, 1 to 10")
        first = layer.class_means[:, 0].argmax()
        opened.find(rf"▸{first} {layer.class_means[first, 0]:.2g}(?= |$)")
        opened.find("above each: the unit, its mean activation for 0s")
        await opened.press("y", "y")
        opened.find("above each: the unit, the class it answers to most, its share of importance")
        await opened.press("y")
        assert chosen(opened) == layer.class_means[:, 0].argmax()
        await opened.press("d", "d", "D")
        assert shown(opened) == layer.order("activity", of_class=1)[:10].tolist()
        await opened.press("y")
        assert shown(opened) == [*range(10)]
        opened.find("7 dead")


async def test_layers_go_round(show: OpenPage, network: Network, story: Any) -> None:
    async with show() as opened:
        await opened.press("right", "l")
        await opened.until(lambda: "Output: 10 units" in opened.text)
        output = layer_units(
            network, story.dataset.test_images, story.dataset.test_labels, len(network.layers)
        )
        assert shown(opened) == output.order("importance").tolist()
        await opened.press("L")
        await opened.until(lambda: "Layer 1 of 2" in opened.text)
        await opened.press("L")
        await opened.until(lambda: "Output: 10 units" in opened.text)


@pytest.mark.long
async def test_the_mouse_chooses_opens_and_turns(show: OpenPage, layer: LayerUnits) -> None:
    async with show() as opened:
        order = layer.order("importance").tolist()
        await click(opened, order[7], row=3)
        assert chosen(opened) == order[7]
        await click(opened, order[7], row=7)  # the last line of the picture
        opened.find(f"unit {order[7]} of layer 1 of 2")
        await opened.press("escape")
        await click(opened, order[0], row=-1)  # the title
        await click(opened, order[9], row=8)  # below all
        assert chosen(opened) == order[7]
        tiles = opened.app.screen.query_one(UnitTiles)
        opened.type(b"\x1b[<65;10;10M")
        await opened.settle()
        assert chosen(opened) == order[7 + tiles.across]
        opened.type(b"\x1b[<64;10;10M")
        await opened.settle()
        assert chosen(opened) == order[7]


@pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40), (200, 60))])
async def test_one_unit_is_explained(
    show: OpenPage, network: Network, layer: LayerUnits, size: tuple[int, int]
) -> None:
    async with show(*size) as opened:
        await opened.press("right", "enter")
        facts = unit_facts(network, layer, int(layer.order("importance")[1]))
        opened.find(f"unit {facts.unit} of layer 1 of 2")
        share = facts.importance / layer.importance.sum()
        opened.find(rf"rank 2 of 128 \({share:.1%}\), active on {facts.active:.1%}")
        for each, mean in enumerate(facts.class_means):
            opened.find(rf" {each} [█▏▎▍▌▋▊▉]* +{mean:.2f}( |$)")
        for index, weight in [*zip(*facts.incoming, strict=True)][:4]:
            opened.find(rf"row {index // 28} column {index % 28} +\{weight:+.3f}")
        for index, weight in [*zip(*facts.outgoing, strict=True)][:4]:
            opened.find(rf"class {index} +\{weight:+.3f}")
        y = next(at for at, row in enumerate(opened.rows) if "Excite it most, of 1,000" in row)
        captions = opened.rows[y + 1].strip(" │").removeprefix("▸").split()
        assert [float(each) for each in captions[1::2]] == pytest.approx(
            facts.excitements.tolist(), abs=0.006
        )


async def test_its_digits_and_its_neighbours_are_reached(show: OpenPage, layer: LayerUnits) -> None:
    async with show() as opened:
        order = layer.order("importance").tolist()
        await opened.press("enter", "down", "down", "up")
        opened.find(f"unit {order[1]} of layer 1")
        await opened.press("right", "right", "left", "enter")
        assert isinstance(opened.app.screen, MistakesView)
        wanted = (-layer.activations[:, order[1]]).argsort(kind="stable")[1]
        opened.find(rf"#{wanted} ")


async def test_only_digits_that_are_seen_can_be_chosen(show: OpenPage) -> None:
    async with show(60, 20) as opened:
        await opened.press("enter", *["right"] * 9)
        y = next(at for at, row in enumerate(opened.rows) if "Excite it most" in row)
        *before, last = re.findall(r"▸?\d [\d.]+", opened.rows[y + 1])
        assert len(before) == 5
        assert last.startswith("▸")


async def test_a_click_on_a_digit_goes_to_it(show: OpenPage, layer: LayerUnits) -> None:
    async with show() as opened:
        await opened.press("enter")
        unit = int(layer.order("importance")[0])
        wanted = (-layer.activations[:, unit]).argsort(kind="stable")[2]
        y = next(at for at, row in enumerate(opened.rows) if "Excite it most" in row)
        await opened.pilot.click(offset=(2 * 9 + 3, y + 3))
        await opened.settle()
        assert isinstance(opened.app.screen, MistakesView)
        opened.find(rf"#{wanted} ")


async def test_a_dead_unit_has_no_digits(show: OpenPage) -> None:
    async with show() as opened:
        await opened.press("end", "enter")
        opened.find("unit 7 of layer 1 of 2")
        opened.find("active on 0.0%")
        opened.find("None: its activation is never above 0")
        await opened.press("right", "enter")
        assert isinstance(opened.app.screen, NetworkView)


async def test_units_are_switched_off_and_on(
    show: OpenPage, story: Any, network: Network, layer: LayerUnits
) -> None:
    async with show(toasts=True) as opened:
        order = layer.order("importance").tolist()
        opened.sent.clear()
        await opened.press("x")
        assert opened.sent == [commands.SwitchOff(1, (order[0],))]
        tell_of(story, without_units(network, 1, [order[0]]))
        effect = Effect("test", 0.9, 0.85, Comparison(1_000, 10, 60))
        change = replace(story.changed("switched_off", ((1, order[0]),)), effect=effect)
        await opened.tell(change, story.evaluated())
        await opened.until(lambda: f"▸{order[0]} off" in opened.text)
        opened.find("1 to 10; 1 off")
        (told,) = opened.app._notifications
        assert "90.00% → 85.00%; fixed 10, broke 60" in told.message
        assert told.timeout > opened.app.NOTIFICATION_TIMEOUT
        await opened.press("enter")
        opened.find(f"unit {order[0]} of layer 1 of 2, off")
        await opened.until(lambda: "none: it is off" in opened.text)
        await opened.press("escape", "x")
        assert opened.sent[1:] == [commands.SwitchOn(1, (order[0],))]


async def test_a_mark_does_not_wait_for_the_evaluation(
    show: OpenPage, story: Any, layer: LayerUnits
) -> None:
    async with show() as opened:
        await opened.tell(story.changed("switched_off", ((1, int(layer.order("importance")[2])),)))
        opened.find(f"{layer.order('importance')[2]} off")


async def test_the_least_important_are_switched_off(
    show: OpenPage, story: Any, layer: LayerUnits
) -> None:
    async with show() as opened:
        order = layer.order("importance").tolist()
        opened.sent.clear()
        await opened.tell(story.changed("switched_off", ((1, order[-1]), (2, order[-2]))))
        await opened.press("X")
        assert opened.sent == [commands.SwitchOff(1, tuple(sorted(order[-14:-1])))]


async def test_the_accuracy_after_pruning_is_computed(
    show: OpenPage, story: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, asked = Event(), []

    def slow(*values: Any) -> Any:
        for each in prune_by_magnitude(*values):
            asked.append(each.share)
            if each.share > 0.1:
                go_on.wait(20)
            yield each

    monkeypatch.setattr(pruning_chart, "prune_by_magnitude", slow)
    async with show() as opened:
        await opened.press("b")
        opened.find("Pruned: the run is asked for its state")
        state = state_of(story, network)
        await opened.tell(state)
        await opened.until(lambda: "3 of 20 computed" in opened.text)
        opened.find("Pruned: test accuracy at epoch 1")
        opened.find("100%┤")
        opened.find(" 0%┤")
        assert "▸" not in opened.text
        go_on.set()
        await opened.until(lambda: "by % of weights left out" in opened.text)
        chart = opened.app.screen.query_one(PruningChart)
        (curve,) = chart._drawing.curves
        digits = story.dataset.test_images, story.dataset.test_labels
        assert curve.y[0] == evaluate(network, *digits).accuracy
        assert curve.y.tolist() == [
            each.evaluation.accuracy for each in prune_by_magnitude(state, *digits)
        ]
        assert curve.x.tolist() == pytest.approx([*range(0, 100, 5)])
        await opened.press("b")
        assert "▸" in opened.text
        await opened.press("b")
        opened.find("by % of weights left out")  # it is remembered
        assert len(asked) == 20
        await opened.press("escape")
        assert "▸" in opened.text


async def test_a_share_is_chosen_on_the_curve_and_applied(
    show: OpenPage, network: Network, story: Any
) -> None:
    state = state_of(story, network)

    digits = story.dataset.test_images, story.dataset.test_labels
    accuracies = {
        each.share: each.evaluation.accuracy for each in prune_by_magnitude(state, *digits)
    }
    costly = [share for share, each in accuracies.items() if accuracies[0.0] - each > 0.005]
    cheap = max(share for share in accuracies if share < min(costly))
    assert 0.1 < cheap < 0.9

    async with show() as opened:
        opened.sent.clear()
        await open_curve(opened, state)
        await opened.press("enter")
        await opened.until(lambda: "by % of weights left out" in opened.text)
        assert opened.sent == []  # nothing was chosen
        assert "⏎ Prune" not in opened.text
        await opened.press("right")
        whole = f"with all weights {accuracies[0.0]:.2%}"
        opened.find(f"Pruned {cheap:.0%}: test {accuracies[cheap]:.2%}, {whole}")
        opened.find("⏎ Prune")
        await opened.press("right", "left", "left")
        less = max(share for share in accuracies if share < cheap)
        opened.find(f"Pruned {less:.0%}: test {accuracies[less]:.2%}, ")
        chart = opened.app.screen.query_one(PruningChart)
        assert chart._drawing.crosshair == pytest.approx(100 * less)
        await opened.press("enter")
        assert opened.sent == [commands.Prune(less)]
        assert "▸" in opened.text  # the layer again
        assert "⏎ Open" in opened.text


@pytest.mark.long
async def test_the_mouse_chooses_a_share(show: OpenPage, story: Any, network: Network) -> None:
    async with show() as opened:
        await open_curve(opened, state_of(story, network))
        await opened.until(lambda: "by % of weights left out" in opened.text)
        chart = opened.app.screen.query_one(PruningChart)
        x, y = chart.content_region.offset
        at = next(column for column in range(80) if (chart._plotted.x_at(column) or 0) >= 50)
        await opened.pilot.hover(offset=(x + at, y + 3))
        await opened.settle()
        assert chart.share == 0.5
        await opened.pilot.hover(offset=(0, 0))
        await opened.settle()
        opened.find("Pruned 50%: ")  # it stays


@pytest.mark.long
async def test_pruning_is_broken_off(
    show: OpenPage, story: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, asked = Event(), []

    def slow(*values: Any) -> Any:
        for each in prune_by_magnitude(*values):
            asked.append(each.share)
            go_on.wait(20)
            yield each

    monkeypatch.setattr(pruning_chart, "prune_by_magnitude", slow)
    async with show() as opened:
        await open_curve(opened, state_of(story, network))
        await opened.until(lambda: asked)
        await opened.press("escape")
        go_on.set()
        await computed(opened)
        assert len(asked) == 1
        assert opened.app.screen.query_one(PruningChart)._drawing is None


async def test_pruning_that_fails_says_so(
    show: OpenPage, story: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr(pruning_chart, "prune_by_magnitude", fail)
    async with show() as opened:
        await open_curve(opened, state_of(story, network))
        await opened.until(lambda: "cannot be computed: no room" in opened.text)


async def test_many_digits_are_represented_by_some(
    show: OpenPage, story: Any, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_units, "SAMPLE", 300)
    async with show() as opened:
        stride = 4  # 250 of 1,000
        images, labels = story.dataset.test_images[::stride], story.dataset.test_labels[::stride]
        some = layer_units(network, images, labels, 1)
        first = int(some.order("importance")[0])
        assert chosen(opened) == first
        await opened.press("enter")
        opened.find("Excite it most, of 250 test digits: label")
        await opened.press("enter")
        opened.find(f"#{some.activations[:, first].argmax() * stride} ")


async def test_nothing_is_computed_while_the_page_is_not_seen(
    show: OpenPage, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    find = FoundUnits.find

    def noted(*values: Any) -> FoundUnits:
        found.append(values)
        return find(*values)

    async with show() as opened:
        monkeypatch.setattr(FoundUnits, "find", noted)
        await opened.tell(*story.epochs(1), story.paused())
        await opened.until(lambda: " epoch 2.00\n" in opened.text)
        assert len(found) == 1
        await opened.press("P")
        await opened.tell(*story.epochs(1), story.paused())
        await opened.press("tab")
        await opened.tell(*story.epochs(1), story.paused())
        await computed(opened)
        assert len(found) == 1


async def test_pictures_change_rarely_while_it_trains(
    show: OpenPage, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them change, and over SSH that is seen."""
    waited = UnitsPage.SECONDS - 0.1
    monkeypatch.setattr(view_module, "SHARE", 1e9)
    monkeypatch.setattr(view_module.Pace, "waited", property(lambda _: waited))
    async with show() as opened:
        await opened.tell(story.resumed(), *story.epochs(3))
        await computed(opened)
        opened.find(" epoch 1.00$")
        waited = UnitsPage.SECONDS
        await opened.tell(*story.epochs(1))
        await opened.until(lambda: " epoch 5.00\n" in opened.text)


async def test_a_network_that_diverged_is_shown_too(show: OpenPage, network: Network) -> None:
    network.parameters[:] = np.nan
    async with show() as opened:
        assert shown(opened) == [*range(10)]
        await opened.press("enter")
        opened.find("unit 0 of layer 1 of 2")
        await opened.press("escape", "l")
        await opened.until(lambda: "Output: 10 units" in opened.text)
        await opened.press("enter")
        opened.find("unit 0 of output")


async def test_each_title_has_a_hint(show: OpenPage) -> None:
    async with show() as opened:
        for keys, title in (
            ((), "Layer 1 of 2"),
            (("enter",), "rank 1 of"),
            ((), "Excite it most"),
            (("escape", "b"), "Pruned: "),
        ):
            await opened.press(*keys)
            y = next(at for at, row in enumerate(opened.rows) if title in row)
            x = opened.rows[y].index(title)
            assert hint_at(opened.app.screen, Offset(x + 2, y)), title
