"""The importance of settings, and trials by the value of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.sweep import board, trial

from digit_tui.tui.sweep.settings import ImportanceBars
from digit_tui.tui.sweep.slice_chart import axis_of


async def test_bars_and_the_chart_of_the_chosen_setting(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("shift+tab")
        opened.find(r"^ ▸lr        ███████▏    71%")
        opened.find("Best trial has")
        opened.find("^ lr 0.000936 ")
        opened.find(r"Accuracy by lr \(log\)")
        opened.find("0.001")
        for sign in "●○+B":
            assert sign in opened.text
        await opened.press("right")
        opened.find("▸optimizer ██ +20%")
        opened.find("Accuracy by optimizer")
        opened.find("adam +momentum +sgd")
        await opened.press("left", "left")
        opened.find("▸hidden")
        assert "← → Setting" in opened.rows[-1]


@pytest.mark.long
async def test_the_mouse_chooses_a_setting(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("shift+tab")
        await opened.pilot.click(ImportanceBars, offset=(4, 3))
        opened.find("▸hidden")
        await opened.pilot.click(ImportanceBars, offset=(4, 9))  # none is there
        opened.find("▸hidden")


@pytest.mark.long
async def test_names_that_do_not_fit_are_numbered(sweep: Any) -> None:
    names = [f"some-long-value-{number}" for number in range(6)]
    trials = [replace(trial(n), params={"data": name}) for n, name in enumerate(names)]
    async with sweep(80, 24, board(*trials, importance=())) as opened:
        await opened.press("shift+tab")
        axis = axis_of(trials, "data", False, 40)
        assert axis.ticks == ([0, 1, 2, 3, 4, 5], ["1", "2", "3", "4", "5", "6"])
        assert axis.legend.startswith("1 some-long-value-0  2 some-long-value-1")


def test_numbers_lie_by_size_and_widths_by_their_first() -> None:
    sizes = [replace(trial(n), params={"lr": 10.0**-n}) for n in range(1, 5)]
    axis = axis_of(sizes, "lr", True, 50)
    assert [axis.x[n] for n in range(1, 5)] == [-1, -2, -3, -4]
    assert axis.ticks is not None
    assert axis.ticks[1] == ["0.0001", "0.001", "0.01", "0.1"]
    zero = [*sizes, replace(trial(9), params={"lr": 0.0})]
    assert axis_of(zero, "lr", True, 50).x[9] == 0.0  # no logarithm
    hidden = [replace(trial(n), params={"hidden": w}) for n, w in enumerate(["128", "64,32", "64"])]
    ticks = axis_of(hidden, "hidden", False, 50).ticks
    assert ticks is not None
    assert ticks[1] == ["64", "64,32", "128"]
