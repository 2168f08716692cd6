"""Charts of text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.saved_runs import MakeRun

from digit_tui.cli.runs import charts
from digit_tui.cli.runs.charts import ChartStyle, NamedCurve, chart
from digit_tui.run.commands import (
    SetLearningRate,
)
from digit_tui.storage.run_index import find_run

PLAIN = ChartStyle(60, colored=False, unicode=True)
ODD = np.array([np.nan, 0.5, np.inf, -np.inf, 1e308, 0.0, -1.0, 0.25])


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "y", [ODD, ODD[:1], ODD[1:2], ODD[[1, 1, 1]], ODD[5:6], np.array([1, 1 + 2e-16])], ids=str
)
def test_any_numbers_can_be_drawn(y: Any, log: bool) -> None:
    curve = NamedCurve("test", "*", np.arange(1.0, len(y) + 1), y)
    lines = chart("Loss:", [curve], PLAIN, log=log).splitlines()
    assert lines[0] == "Loss:   * test"
    assert max(map(len, lines)) <= 60
    assert ("No points" in lines[1]) == (not np.isfinite(y).any())


def test_a_plain_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "HEIGHT", 7)
    x = np.arange(1.0, 5)
    up, down = NamedCurve("up", "u", x, x / 10), NamedCurve("d", "d", x, 0.5 - x / 10)
    drawn = chart("Both:", [up, down], ChartStyle(31, colored=False, unicode=True), percent=True)
    head, *rows, line, epochs = drawn.splitlines()
    assert head == "Both:   u up   d"
    assert [row[:4] for row in rows] == ["40%┤", "30%┤", "   │", "20%┤", "10%┤"]
    assert rows[0][4:].split() == ["d", "u"]
    assert rows[-1][4] == "u"
    assert rows[-1][-1] == "d"
    assert line[3] == "└"
    assert epochs.split() == ["1", "2", "3", "4"]


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WT_SESSION", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert not ChartStyle.of_stdout().colored
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert ChartStyle.of_stdout().colored
    for name, value in {"NO_COLOR": "1", "TERM": "dumb"}.items():
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert not ChartStyle.of_stdout().colored
    curve = NamedCurve("test", "*", np.arange(3.0), np.arange(3.0))
    assert "\x1b[38;5;6m" in chart("Loss:", [curve], ChartStyle(40, colored=True, unicode=True))
    assert "\x1b" not in chart("Loss:", [curve], ChartStyle(40, colored=False, unicode=True))
    assert chart("Loss:", [curve], ChartStyle(40, colored=False, unicode=False)).isascii()


def test_text_that_the_reader_has_no_characters_for(make_run: MakeRun) -> None:
    make_run(script=[(4, SetLearningRate(0.5))])
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    program = [sys.executable, "-m", "digit_tui", "runs", "show", str(find_run("run"))]
    done = subprocess.run(program, env=environment, capture_output=True, check=True, timeout=60)
    assert done.stdout.isascii()
    assert "learning rate 0.01 ? 0.5" in " ".join(done.stdout.decode().split())


PROGRAM = """
import atexit, sys
from pathlib import Path
atexit.register(lambda: Path(sys.argv.pop()).write_text("\\n".join(sys.modules)))
from digit_tui.cli.main import cli
cli(sys.argv[1:-1], prog_name="digit-tui")
"""


@pytest.mark.parametrize(("arguments", "draws"), [([], False), (["show", "RUN"], True)], ids=str)
def test_only_charts_import_plotext(
    arguments: list[str], draws: bool, make_run: MakeRun, tmp_path: Path
) -> None:
    words = ["runs", *(str(make_run()) if word == "RUN" else word for word in arguments)]
    listing = tmp_path / "modules"
    command = [sys.executable, "-c", PROGRAM, *words, str(listing)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    modules = {name.split(".")[0] for name in listing.read_text().splitlines()}
    assert ("plotext" in modules) == draws
    assert modules.isdisjoint({"textual", "textual_plotext", "rich"})


@pytest.mark.parametrize("epochs", [3, 4, 5, 7, 13, 30])
def test_epochs_along_the_axis_are_evenly_spaced(epochs: int) -> None:
    numbers = np.arange(1, epochs + 1)
    curve = NamedCurve("t", "t", numbers, numbers / epochs)
    *_, axis = chart("Loss:", [curve], ChartStyle(80, colored=False, unicode=True)).splitlines()
    steps = np.diff([int(each) for each in axis.split()])
    assert len(steps) >= 2
    assert len({*steps}) == 1
