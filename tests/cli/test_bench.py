"""`digit-tui bench`: what it prints of the speeds that it measured."""

from __future__ import annotations

import json

import pytest
from support.cli import run

from digit_tui.cli import bench
from digit_tui.cli.bench import Speed, StepShares


@pytest.mark.parametrize("busy", [False, True])
def test_a_share_over_100_percent_says_that_the_machine_was_busy(
    busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds = [Speed(1, 40_000.0, 20_000.0), Speed(2, 70_000.0, 77_000.0 if busy else 35_000.0)]
    monkeypatch.setattr(bench, "measure", lambda *_: speeds)
    shares = StepShares(0.5, 0.1, 0.15, 0.25)
    monkeypatch.setattr(bench, "step_shares", lambda *_: shares)
    result = run("bench")
    assert result.exit_code == 0
    assert ("110%" in result.stdout) == busy
    assert ("over 100%: the machine was busy" in result.stdout) == busy
    assert ("Train with --threads 2" in result.stdout) == (not busy)
    assert ("(best)" in result.stdout) == (not busy)
    told = (
        "A step with 2 threads: matrix products 50%, deforming images 10%, "
        "updating weights (memory) 15%, calls and waiting 25%."
    )
    assert (told in result.stdout) == (not busy)


def test_parts_that_do_not_add_up_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "measure", lambda *_: [Speed(1, 40_000.0, 20_000.0)])
    shares = StepShares(0.5, -1.1, 0.15, 1.45)
    monkeypatch.setattr(bench, "step_shares", lambda *_: shares)
    shown = run("bench").stdout
    assert "the machine was busy. Measure again." in shown
    assert "A step with" not in shown


def test_the_parts_of_a_step_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "measure", lambda *_: [Speed(2, 70_000.0, 35_000.0)])
    monkeypatch.setattr(bench, "PART_SECONDS", 0.05)
    measured = json.loads(run("bench", "--json").stdout)
    assert measured["best_threads"] == 2
    assert measured["step"]["products"] == 0.5
    assert measured["step"]["update"] > 0
    assert sum(measured["step"].values()) == pytest.approx(1)
