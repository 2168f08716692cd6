"""The page of calibration, and the same in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digit_tui.data import Dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.insight.calibration import fit_temperature, measure
from digit_tui.nn import evaluate
from digit_tui.session.calibration_check import check_calibration
from digit_tui.storage.calibration_file import Calibration, write_calibration
from digit_tui.tui.screens.network.calibration import CalibrationPage
from digit_tui.tui.widgets.chart import Chart


def saved_for(weights_sha256: str) -> Calibration:
    return Calibration(0, weights_sha256, 800, 1, 1.5, 0.2, 0.1, 0.4, 0.3, None)


async def show_page(opened: Any, story: Any) -> None:
    """Nine digits are doubtful."""
    few = dict.fromkeys(range(9), (7, 0.55))
    await opened.tell(*story.opening(), *story.epochs(1, few))
    opened.app.show_view("network")
    await opened.settle()
    opened.app.screen.show_page(CalibrationPage)
    await opened.settle()
    await opened.tell(story.inspected())
    await opened.until(lambda: "Neg. log-likelihood" in opened.text)


async def test_the_page_and_where_its_temperature_is_from(window: Any, story: Any) -> None:
    async with window() as opened:
        await show_page(opened, story)
        opened.find("Right by how sure")
        opened.find("digit-tui calibrate RUN")
        assert "after" not in opened.text
        opened.find(r"Coverage, 99.9% accuracy +\d")
        opened.find("Lower is better, but for temperature")
        drawing = opened.app.screen.query_one("#reliability", Chart)._drawing
        diagonal, curve = drawing.curves
        assert (drawing.span, drawing.bounds) == ((50, 100), (0.5, 1))
        assert diagonal.x[0] == 100 * diagonal.y[0] == 50
        assert curve.x.tolist() == pytest.approx([90])  # nine digits are too few for a point
        assert curve.y.tolist() == [1]


RIGHT, RISK = "Right by how sure", "Error by coverage"


async def test_a_low_screen_has_one_chart_at_a_time(window: Any, story: Any) -> None:
    async with window(80, 24) as opened:
        await show_page(opened, story)
        assert RISK not in opened.text
        opened.find("h Chart")
        await opened.press("h")
        opened.find(RISK)
        assert RIGHT not in opened.text
        await opened.press("h")
        opened.find(RIGHT)


@pytest.mark.long
async def test_a_high_screen_has_both_charts(window: Any, story: Any) -> None:
    async with window(120, 40) as opened:
        await show_page(opened, story)
        await opened.press("h")
        opened.find(RIGHT)
        opened.find(RISK)
        assert "h Chart" not in opened.text


async def test_keys_scroll_what_there_is_no_room_for(window: Any, story: Any) -> None:
    async with window(60, 20) as opened:
        await show_page(opened, story)
        numbers = opened.app.screen.query_one("CalibrationPage VerticalScroll")
        opened.app.screen.query_one("#calibration-numbers").styles.height = 60
        await opened.settle()
        await opened.press("down", "down", "down", "up")
        assert numbers.scroll_y == 2


def test_the_saved_temperature_is_of_these_weights_alone(
    story: Any, sample: Dataset, tmp_path: Path
) -> None:
    story.opening()
    evaluated, inspected = story.evaluated(), story.inspected()
    folder = str(tmp_path)
    assert check_calibration(sample, evaluated, inspected, folder).after is None
    write_calibration(tmp_path, saved_for(inspected.state.weights_sha256))
    check = check_calibration(sample, evaluated, inspected, folder)
    assert check.after is not None
    assert check.after.temperature == 1.5
    wanted = measure(evaluated.evaluation, 1.5)
    assert wanted is not None
    assert check.after.ece == wanted.ece
    assert check.source == "The temperature is the saved one, fitted on 800 digits by calibrate."
    assert any(line.split()[:1] == ["Temperature"] for line in check.lines)
    worse = "The temperature made the calibration of these digits worse."
    for temperature in 100.0, 1.0:
        saved = replace(saved_for(inspected.state.weights_sha256), temperature=temperature)
        write_calibration(tmp_path, saved)
        lines = check_calibration(sample, evaluated, inspected, folder).lines
        assert (worse in lines) == (temperature > 1)
    later = replace(inspected, step=inspected.step + 1)
    assert check_calibration(sample, evaluated, later, folder).after is None
    write_calibration(tmp_path, saved_for("0" * 64))
    check = check_calibration(sample, evaluated, inspected, folder)
    assert check.after is None
    assert check.source.startswith("No temperature: calibration.json is of other weights, saved at")


@pytest.mark.parametrize("split", ["validation", "test"])
def test_held_out_digits_give_the_temperature_and_test_digits_never(
    split: str, story: Any, sample: Dataset
) -> None:
    story.opening()
    dataset = hold_out(sample, 300)
    network = story.inspected().network
    evaluation = evaluate(network, *dataset.split(split))
    shown = replace(story.evaluated(), evaluation=evaluation, split=split, network=network)
    check = check_calibration(dataset, shown, None, None)
    wanted = fit_temperature(evaluate(network, *dataset.split("validation")))
    assert check.after is not None
    assert check.after.temperature == wanted
    assert ("which are these" in check.source) == (split == "validation")
    assert check.digits.endswith(f"{split} digits")
