"""The page of robustness."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from threading import Event
from typing import Any

import numpy as np
import pytest
from support.rarely import endurance, rarely
from support.steering import forked, of_fork
from textual.geometry import Offset
from threadpoolctl import threadpool_limits

from digit_tui.data import Dataset
from digit_tui.insight import robustness
from digit_tui.insight.corruptions import CORRUPTIONS, corrupt
from digit_tui.insight.robustness import NAMES, Robustness, choose_digits, measure
from digit_tui.nn import Network, evaluate
from digit_tui.tui.screens.hints import hint_at
from digit_tui.tui.screens.network import robustness as page_module
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.robustness_chart import RobustnessChart
from digit_tui.tui.widgets.robustness_table import RobustnessTable

INVITED = "(?m)^ b measures how well"
DONE = "Right under noise: 50 (test )?digits"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only some digits are measured, and small products wait for no second thread."""
    monkeypatch.setattr(robustness, "MOST", 50)
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def results_of(sample: Dataset, *networks: Network) -> list[Robustness]:
    digits = choose_digits(sample.test_labels, 28)
    results = [Robustness(len(digits)) for _ in networks]
    for point in measure(networks, sample.test_images[digits], sample.test_labels[digits], 28):
        point.add_to(results)
    return results


def number(value: float) -> str:
    return f"{100 * value:.1f}"


async def measured(opened: Any) -> None:
    await opened.press("b")
    await opened.until(lambda: opened.app.screen._computing is None)
    await opened.settle()
    opened.find(DONE)


@pytest.mark.parametrize("under_way", [False, True])
async def test_another_run_begins_without_it(
    inside: Any, story: Any, monkeypatch: pytest.MonkeyPatch, under_way: bool
) -> None:
    goes_on, find = Event(), page_module.find_robustness

    def slow(*given: Any) -> Iterator[Any]:
        for found in find(*given):
            yield found
            goes_on.wait(20)

    async with inside("Robustness", INVITED) as opened:
        if under_way:
            monkeypatch.setattr(page_module, "find_robustness", slow)
            await opened.press("b")
            await opened.until(lambda: "of 50 measured" in opened.text)
        else:
            await measured(opened)
        opened.app.model = RunModel(opened.app.model.config)
        await opened.tell(story.loaded(), story.started())
        opened.find(INVITED)
        assert "epoch" not in opened.rows[2]
        goes_on.set()
        await opened.until(lambda: opened.app.screen._computing is None)
        story.step, story.epoch = 0, 0.0
        await opened.tell(*story.opening()[2:], *story.epochs(2))
        opened.find(INVITED)
        monkeypatch.undo()
        monkeypatch.setattr(robustness, "MOST", 50)
        await measured(opened)
        opened.find("Right under noise: 50 test digits, epoch 2")


@pytest.mark.parametrize("size", [(80, 24), *rarely((60, 20)), *endurance((120, 40), (200, 60))])
async def test_it_is_measured_on_demand(
    inside: Any, sample: Dataset, network: Network, size: tuple[int, int]
) -> None:
    async with inside("Robustness", INVITED, *size) as opened:
        await measured(opened)
        (result,) = results_of(sample, network)
        opened.find("mean of 1-5 +right")
        for name, mean in zip(NAMES, result.mean_accuracies, strict=True):
            opened.find(rf"[▸ ]{name} +{re.escape(number(mean))}")
        opened.find(rf"mean wrong +{re.escape(number(1 - result.mean_accuracies.mean()))}")
        opened.find("b Measure")
        curve = opened.app.screen.query_one(RobustnessChart)._drawing.curves[-1]
        assert curve.y.tolist() == result.accuracies[0].tolist()
        for kind in (RobustnessChart, RobustnessTable):
            x, y = opened.app.screen.query_one(kind).region.offset
            assert hint_at(opened.app.screen, Offset(x + 2, y))
        if size[1] <= 20:
            return  # there is no room for pictures
        digits = choose_digits(sample.test_labels, 28)
        first = [sample.test_labels[digits].tolist().index(each) for each in range(10)]
        opened.find(f"#{digits[first[0]]} is 0; noise at strengths 0 to 5")
        await opened.press("right", "right", "down", "down")
        opened.find(f"#{digits[first[2]]} is 2; shift at strengths 0 to 5")
        opened.find("▸shift")
        for strength in range(6):
            shown = corrupt(sample.test_images[digits], 28, CORRUPTIONS[2], strength)
            found = evaluate(network, shown[first[2] : first[2] + 1], np.array([2], np.uint8))
            read = found.predictions[0]
            opened.find(f"{strength}: {read} {found.probabilities[0, read]:.0%}")
        await opened.press("left", "left", "left")
        opened.find(f"#{digits[first[9]]} is 9;")
        await opened.press("enter")
        assert opened.app.current_mode == "mistakes"
        opened.find(f"#{digits[first[9]]} ")


async def test_the_fork_is_measured_too(
    inside: Any, story: Any, sample: Dataset, network: Network
) -> None:
    other = network.copy()
    other.parameters *= np.random.default_rng(3).choice([-1, 1], len(other.parameters))
    async with inside("Robustness", INVITED, 120, 40) as opened:
        evaluated = replace(
            story.evaluated_at(story.step, story.epoch, story.evaluation()), network=other
        )
        await opened.tell(forked(story, "optimizer momentum"), *of_fork(evaluated))
        await measured(opened)
        results = results_of(sample, network, other)
        opened.find("mean of 1-5 +run +fork")
        relative = results[1].relative_to(results[0])
        opened.find(rf"relative +{re.escape(number(relative))}")
        for place, name in enumerate(NAMES):
            means = " +".join(re.escape(number(each.mean_accuracies[place])) for each in results)
            opened.find(rf"[▸ ]{name} +{means}\b")
        assert len(re.findall(r"\d: \d, fork \d", opened.text)) == 6
        *_, run, fork = opened.app.screen.query_one(RobustnessChart)._drawing.curves
        assert (run.color, fork.color) == ("held-out", "fork-held-out")
        assert fork.y.tolist() == results[1].accuracies[0].tolist()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Measures only as far as it is let; tells how many were begun, and are still under way."""
    control: dict[str, Any] = {"go": Event(), "begun": 0, "going": 0}
    real = page_module.find_robustness

    def find(*arguments: Any) -> Any:
        control["begun"] += 1
        control["going"] += 1
        try:
            for found in real(*arguments):
                yield found
                if found.measured == 7:
                    control["go"].wait(20)
        finally:
            control["going"] -= 1

    monkeypatch.setattr(page_module, "find_robustness", find)
    yield control
    control["go"].set()


@pytest.mark.long
async def test_it_can_be_stopped(inside: Any, slow: dict[str, Any]) -> None:
    async with inside("Robustness", INVITED) as opened:
        await opened.press("b")
        await opened.until(lambda: "5 of 50 measured" in opened.text)
        opened.find(r"▸noise +\d+\.\d")  # what is known is shown
        assert not re.search(r"shift +\d+\.\d", opened.text)
        opened.find("esc Stop")
        await opened.press("b")  # it is under way
        await opened.press("escape")
        slow["go"].set()
        await opened.until(lambda: slow["going"] == 0)
        opened.find(INVITED)
        assert slow["begun"] == 1
        await measured(opened)
        assert slow["begun"] == 2
        slow["go"].clear()  # what was measured stays until there is something else
        await opened.press("b")
        await opened.until(lambda: "5 of 50 measured" in opened.text)
        opened.find(r"inversion +\d+\.\d")
        opened.find(r"5 of 50 measured.*epoch [\d.]+ until then")
        await opened.press("p")  # nothing is measured for a page that is not seen
        slow["go"].set()
        await opened.until(lambda: slow["going"] == 0)
        await opened.press("P")
        await opened.until(lambda: opened.app.screen._computing is None)
        opened.find(DONE)
        assert slow["begun"] == 3


@pytest.mark.long
async def test_it_is_measured_again_once_it_was_asked_for(
    inside: Any, story: Any, slow: dict[str, Any]
) -> None:
    slow["go"].set()
    async with inside("Robustness", INVITED) as opened:
        await opened.tell(*story.epochs(1), story.paused())
        await opened.until(lambda: opened.app.screen._computing is None)
        assert slow["begun"] == 0
        await measured(opened)
        await opened.tell(*story.epochs(1), story.paused())
        await opened.until(lambda: slow["begun"] == 2 and not slow["going"])
        await opened.tell(story.resumed(), *story.epochs(3))  # now it would take time from training
        assert slow["begun"] == 2


@pytest.mark.long
async def test_what_cannot_be_measured_is_said_and_can_be_asked_for_again(
    inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise MemoryError("no room")

    async with inside("Robustness", INVITED) as opened:
        with monkeypatch.context() as patch:
            patch.setattr(page_module, "find_robustness", fail)
            await opened.press("b")
            await opened.until(lambda: "This cannot be computed: no room" in opened.text)
        await measured(opened)


def test_digits_are_spread() -> None:
    labels = np.repeat(np.arange(4, dtype=np.uint8), 300)  # sorted, as some data sets are
    digits = choose_digits(labels, 28)
    assert len(digits) == 50
    assert np.bincount(labels[digits]).min() >= 12
    assert all(a < b for a, b in pairwise(digits))
    assert choose_digits(labels[:50], 28).tolist() == [*range(50)]  # as `evaluate --corrupt` does


def test_few_large_images_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    labels = np.zeros(5_000, np.uint8)
    assert [len(choose_digits(labels, side)) for side in (8, 28, 56, 280)] == [
        1_000,
        1_000,
        250,
        100,
    ]
