"""The page of one digit on its way through the network."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from support.mistakes_view import MISTAKES, chosen, explained
from support.rarely import rarely
from textual import events

from digit_tui.data import Dataset
from digit_tui.insight.path import contributions
from digit_tui.nn import Network, evaluate

HARDEST = sorted(MISTAKES, key=lambda index: -MISTAKES[index][1])
NUMBER = r"[+-]\d+\.\d\d"
SIZES = [(80, 24), *rarely((120, 40), (200, 60))]


def number(opened: Any, pattern: str) -> float:
    """The number at the end of a match."""
    return float(re.findall(NUMBER, opened.find(f"{pattern} +{NUMBER}"))[-1])


def listed(opened: Any) -> list[tuple[int, float, int, int]]:
    """Of each unit that is listed: its number, its part, and the prediction without so far."""
    rows = re.findall(rf"unit (\d+) .*?({NUMBER})  (\d) (\d+)%", opened.text)
    return [(int(unit), float(part), int(best), int(sure)) for unit, part, best, sure in rows]


def digit_of(opened: Any) -> int:
    return int(opened.find(r"#\d+")[1:])


@pytest.fixture
def deep(story: Any) -> Network:
    """A network with two hidden layers."""
    made = Network((story.dataset.pixels, 48, 32, story.dataset.classes))
    made.initialize(np.random.default_rng(7))
    return made


@pytest.mark.parametrize("size", SIZES)
async def test_it_begins_with_the_hardest_and_all_of_it_fits(
    inside: Any, sample: Dataset, size: tuple[int, int]
) -> None:
    async with inside("Digit", "#31", *size) as opened:
        opened.find(f"#31  {sample.test_labels[31]} → 0  loss")
        opened.find(r"layer 1: \d+ of 128 units active, up to \d")
        opened.find("output: the logit of each class")
        assert listed(opened)
        opened.find("logit 0 - logit")


async def test_a_smaller_terminal_leaves_out_the_picture_alone(inside: Any) -> None:
    async with inside("Digit", "#31", 80, 24) as opened:
        for size in ((60, 20), (80, 24), (70, 20)):
            await opened.resize(*size)
            opened.find("#31  ")
            opened.find("Calibration")
            opened.find("output: the logit of each class|output: the logit of some classes")
            assert len(listed(opened)) > 4


@pytest.mark.parametrize("size", SIZES)
async def test_the_numbers_are_those_of_the_network_and_add_up(
    inside: Any, sample: Dataset, network: Network, size: tuple[int, int]
) -> None:
    async with inside("Digit", "#31", *size) as opened:
        true = int(sample.test_labels[31])
        parts = contributions(network, sample.test_images[31], 1, 0, true)
        speaking = number(opened, r"units for 0")
        against = number(opened, rf"units for {true}")
        biases, whole = number(opened, "biases"), number(opened, f"logit 0 - logit {true}")
        assert speaking + against + biases == pytest.approx(whole, abs=0.02)
        assert whole == pytest.approx(parts.difference, abs=0.005)
        rows = listed(opened)
        assert [unit for unit, *_ in rows] == parts.deciding(len(rows)).tolist()
        for unit, part, *_ in rows:
            assert part == pytest.approx(parts.units[unit], abs=0.005)


async def test_what_is_left_without_them(inside: Any, sample: Dataset, network: Network) -> None:
    async with inside("Digit", "#31") as opened:
        rows = listed(opened)
        changed = network.copy()
        for unit, _, best, sure in rows:
            changed.layers[1].weights[unit] = 0  # nothing of it reaches the output
            (row,) = evaluate(changed, sample.test_images[31:32], np.zeros(1, int)).probabilities
            assert best == row.argmax()
            assert sure == pytest.approx(100 * row.max(), abs=0.6)
            line = opened.find(rf"unit {unit} .*$")
            assert ("◂" in line) == (best != 0)


@pytest.mark.long
async def test_keys_and_wheel_go_through_the_mistakes_by_loss(inside: Any) -> None:
    async with inside("Digit", "#31") as opened:
        for index in [*HARDEST[1:], HARDEST[-1]]:
            await opened.press("right")
            await opened.until(lambda index=index: digit_of(opened) == index)
        await opened.press("left")
        await opened.until(lambda: digit_of(opened) == HARDEST[-2])
        await opened.press("home")
        await opened.until(lambda: digit_of(opened) == HARDEST[0])
        await opened.press("left")
        assert digit_of(opened) == HARDEST[0]
        at = opened.app.screen.query_one("LayerOutputs").region.offset
        opened.app.post_message(events.MouseScrollDown(None, *at, 0, 1, 0, False, False, False))
        await opened.until(lambda: digit_of(opened) == HARDEST[1])


async def test_a_digit_of_the_mistakes_is_shown_and_led_back_to(inside: Any) -> None:
    async with inside("Digit", "#31") as opened:
        opened.app.show_view("mistakes")
        await opened.settle()
        await opened.press("v", "down", "down")
        index = chosen(opened)
        await opened.press("i")
        await opened.until(lambda: f"#{index} " in opened.text and "why" in opened.text)
        await opened.press("enter")
        await opened.until(lambda: "what if it were" in opened.text)
        assert explained(opened) == index
        await opened.press("escape")
        await opened.until(lambda: f"#{index} " in opened.text and "why" in opened.text)


async def test_it_stays_with_its_digit_while_the_network_learns(inside: Any, story: Any) -> None:
    async with inside("Digit", "#31") as opened:
        await opened.tell(*story.epochs(1, {4: (7, 0.99), 17: (3, 0.9)}), story.paused())
        await opened.until(lambda: "epoch 2.00" in opened.rows[2])
        assert digit_of(opened) == 31
        await opened.press("right")  # it is right now, and so before all mistakes
        await opened.until(lambda: digit_of(opened) == 4)


async def test_keys_and_clicks_choose_a_layer(inside: Any, deep: Network) -> None:
    async with inside("Digit", "▸layer 2", of=deep) as opened:
        opened.find("why 0, not 9: layer 2")
        await opened.press("up", "up")
        await opened.until(lambda: "▸layer 1" in opened.text)
        await opened.until(lambda: "not 9: layer 1" in opened.text)
        row = next(at for at, text in enumerate(opened.rows) if " layer 2:" in text)
        await opened.pilot.click(offset=(opened.rows[row].index("layer 2"), row))
        await opened.until(lambda: "not 9: layer 2" in opened.text)
        whole = number(opened, "logit 0 - logit 9")
        parts = [number(opened, each) for each in ("units for 0", "units for 9", "biases")]
        assert sum(parts) == pytest.approx(whole, abs=0.02)


async def test_without_a_hidden_layer_no_unit_decides(inside: Any, story: Any) -> None:
    flat = Network((story.dataset.pixels, story.dataset.classes))
    async with inside("Digit", "There is no hidden layer", of=flat) as opened:
        opened.find("output: the logit of each class")
        assert "layer 1" not in opened.text


async def test_a_network_that_diverged_is_shown_too(inside: Any, network: Network) -> None:
    network.parameters[:] = np.nan
    async with inside("Digit", "not finite", of=network) as opened:
        opened.find("up to nan")


async def test_without_colour_outputs_are_characters(inside: Any, network: Network) -> None:
    async with inside("Digit", "#31", environment={"NO_COLOR": "1"}) as opened:
        row = next(at for at, text in enumerate(opened.rows) if "layer 1:" in text)
        left = opened.rows[row].index("▸layer 1")
        cells = "".join(opened.rows[row + line][left:] for line in range(1, 4))
        assert "@" in cells
        assert "output" in cells
        assert set(cells.partition(" ")[0]) <= set(".:-=+*#%@")
