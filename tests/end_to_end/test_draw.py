"""Drawing in the real program: by the mouse's escape sequences and by keys."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.cli import run
from support.hand import STROKES, keys, mouse
from support.rarely import endurance

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def sums(folder: Path) -> dict[str, str]:
    """What is in a folder."""
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in folder.iterdir()}


def corner(program: Any) -> tuple[int, int]:
    """Column and row of the first cell of the canvas."""
    row = next(at for at, text in enumerate(program.rows) if text.startswith("╭") and at > 1)
    return program.rows[row].index("╭") + 1, row + 1


def read(program: Any) -> int:
    found = re.search(r"reads (\d+) \(", program.text)
    return int(found[1]) if found else -1


def go_to_draw(program: Any) -> tuple[int, int]:
    program.send("\x1b[Z")
    program.until("draw here")
    program.finish_frame()
    return corner(program)


def test_the_mouse_and_keys_draw_while_it_trains(training: Callable[..., Any]) -> None:
    program, _ = training()
    left, top = go_to_draw(program)
    program.send(mouse(0, left, top))
    program.until(r"reads \d")
    program.until(r"▶ training")  # space was not pressed
    program.send("w")
    program.until("draw here")
    program.send(keys(1))
    program.until(r"reads \d")
    program.send("z")
    program.until("Draw a digit, large")
    program.until("▶ training")
    program.send("q")
    assert program.status() == 0
    program.assert_restored()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the usual preset on the sample, some epochs long."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    options = ["--data", "sample", "--epochs", "12", "--threads", "1"]
    assert run("--batch", *options, "--run", str(folder)).exit_code == 0
    return folder


@pytest.mark.long
@pytest.mark.parametrize("size", [(80, 24), *endurance((120, 40))])
def test_nine_of_ten_digits_are_read(
    trained: Path, terminal: Callable[..., Any], size: tuple[int, int]
) -> None:
    before = sums(trained)
    program = terminal("draw", str(trained), size=size)
    program.until("draw here")
    program.until("saved run")
    program.finish_frame()
    left, top = corner(program)
    columns = 28 if size == (80, 24) else 56
    for draw in (lambda digit: mouse(digit, left, top, columns), keys):
        right = 0
        for digit in STROKES:
            program.send(draw(digit))
            program.until(r"reads \d")
            program.settle()
            right += read(program) == digit
            program.send("w")
            program.until("Draw a digit, large")
        assert right >= 9
    program.send("q")
    assert program.status() == 0
    program.assert_restored()
    assert sums(trained) == before


@pytest.mark.long
def test_without_a_run_it_says_so(terminal: Callable[..., Any], tmp_path: Path) -> None:
    program = terminal("draw", XDG_STATE_HOME=str(tmp_path))
    assert program.status() == 3
    program.until("digit-tui: there (are|is) no")
