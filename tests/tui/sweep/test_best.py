"""The best trials, and how they came to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.sweep import board, trial

AT_80 = """\
 Budget: 9 of 60 trials, 51 left · 3:08
 1  95.93%  trial 7  lr 0.000936, optimizer sgd, hidden 64
 2  95.89%  trial 3  lr 0.000517, optimizer adam, hidden 256
 3  95.88%  trial 4  lr 0.000511, optimizer sgd, hidden 64"""


async def test_budget_and_best_three(sweep: Any) -> None:
    async with sweep() as opened:
        await opened.press("tab")
        assert "\n".join(opened.rows[17:21]) == AT_80
        opened.find("─Best so far by trial")
        opened.find(r"─Best so far by time \(minutes\)─")
        opened.find("95.5%┤")


@pytest.mark.long
async def test_what_the_best_have_in_common_is_said_once(sweep: Any) -> None:
    alike = [replace(trial(n), params={"lr": 0.1 * n, "optimizer": "adam"}) for n in (1, 2, 3)]
    async with sweep(120, 40, board(*alike, budget_seconds=600.0)) as opened:
        await opened.press("tab")
        opened.find(r"^ All 3: optimizer adam$")
        opened.find(r"^ 1  \S+  trial \d  lr 0\.\d$")
        opened.find("left · 1:48 of 10:00")


@pytest.mark.long
async def test_a_small_terminal_ends_lines_after_whole_settings(sweep: Any) -> None:
    async with sweep(60, 20) as opened:
        await opened.press("tab")
        opened.find(r"^ 2  95.89%  trial 3  lr 0.000517, optimizer adam, …$")
        opened.find(r"Best by time \(minutes\)")


@pytest.mark.long
async def test_without_a_complete_trial(sweep: Any) -> None:
    async with sweep(shown=board(trial(0, "running"), importance=())) as opened:
        await opened.press("tab")
        opened.find("No trial is complete yet")
        opened.find("No points yet")
        await opened.press("tab")
        opened.find("Importance is known after")
