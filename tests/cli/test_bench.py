"""`digit-tui bench`: what it prints of the speeds that it measured."""

from __future__ import annotations

import json

import pytest
from support.cli import run

from digit_tui.cli import bench
from digit_tui.cli.bench import Speed


@pytest.mark.parametrize("busy", [False, True])
def test_a_share_over_100_percent_says_that_the_machine_was_busy(
    busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds = [Speed(1, 40_000.0, 20_000.0), Speed(2, 70_000.0, 77_000.0 if busy else 35_000.0)]
    monkeypatch.setattr(bench, "measure", lambda *_: speeds)
    result = run("bench")
    assert result.exit_code == 0
    assert ("110%" in result.stdout) == busy
    assert ("over 100%: the machine was busy" in result.stdout) == busy
    assert "Train with --threads 2" in result.stdout
    measured = json.loads(run("bench", "--json").stdout)
    assert measured["best_threads"] == 2
