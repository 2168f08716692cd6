"""Input that is no key: it may steer or end the run, as keys do, but never harm it.

`pytest -m long tests/end_to_end/test_input.py` feeds more runs with random bytes, and a paste of
a megabyte; `-m soak` 96 more, and a megabyte of keys.
"""

from __future__ import annotations

import os
import random
import select
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from support.rarely import endurance, rarely

from digit_tui.storage.saved_run import SavedRun

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

SEEDS = [0, *rarely(1), *endurance(*range(2, 50))]
"""For each of two kinds of bytes."""
AMOUNT = 5_120
LEAVING = b"q\x03\x1a\x11"
"""Keys that end or stop the program."""


def feed(program: Any, data: bytes, seconds: float = 60) -> None:
    """Type all of it, as fast as the program takes it, unless it ends; read what it draws."""
    os.set_blocking(program.master, False)
    end = monotonic() + seconds
    while data and program.process.poll() is None:
        assert monotonic() < end, f"{len(data)} bytes were not taken"
        if select.select([], [program.master], [], 0.02)[1]:
            data = data[os.write(program.master, data[:1024]) :]
        program._read(0)
    os.set_blocking(program.master, True)


def rest(program: Any, seconds: float = 0.3, over: Callable[[], bool] = lambda: False) -> None:
    """Type nothing for longer than the pause that ends a sequence (0.1 s), or until it is over."""
    end = monotonic() + seconds
    while monotonic() < end and not over():
        program._read(0.02)


def leave(program: Any) -> int:
    """Close what is open and quit; the exit status."""
    for _ in range(30):
        if program.process.poll() is not None:
            break
        program.send("\x1b")
        rest(program)
        if program.process.poll() is None:
            program.send("q")
            rest(program, 0.5)
        if program.process.poll() is None:  # it asks which moment of the run is saved
            program.send("t")
            rest(program, 0.5)
    return int(program.status())


def assert_saved(folder: Path) -> None:
    """The run, and those that were begun after it, can be gone on with."""
    runs = [path.parent for path in folder.glob("*/run.json")]
    assert folder / "run" in runs
    for path in runs:
        saved = SavedRun.read(path)
        assert saved.state() in ("stopped", "interrupted", "finished", "diverged")
        assert saved.checkpoint().state.parameters.size


def assert_obeys(program: Any) -> None:
    """It still takes keys."""
    program.send(" ")
    program.until("⏸ paused")
    program.send(" ")
    program.until("▶ training")


@pytest.mark.long
def test_mouse_reports_of_tmux(training: Callable[..., Any]) -> None:
    program, folder = training()
    for report in (b"\x1b[M \xe0\xff", b"\x1b[M\x80\x80\x80", b"\x1b[M#\xc3\xa0", b"\x1b[Mqqq"):
        feed(program, report)
        assert_obeys(program)
    feed(program, b"\x1b[M")  # only its beginning
    rest(program, 2)
    assert_obeys(program)
    feed(program, b"\x1b[")  # in two pieces
    feed(program, b"M \xff\xff")
    assert_obeys(program)
    program.send("q")
    assert program.status() == 0
    program.assert_restored()
    assert_saved(folder.parent)


PIECES = [
    b"\xff\xfe\x80",
    b"\xe2\x96",  # two bytes of three
    b"\x1b[",
    b"\x1b[5",
    b"\x1bO",
    b"\x1b]0;title",
    b"\x1bP$q",
    b"\x1b[<0;99999999999999;1M",
    b"\x1b[<0;-5;-5M",
    b"\x1b[48;99999;99999;1;1t",
    b"\x1b[48;0;0;0;0t\x1b[<0;1;1M",
    b"\x1b[99999999999u",
    b"\x1b[97;1:3u",
    b"\x1b[55296u",
    b"\x1b[::;;~",
    b"\x1b[?2048;2$y\x1b[48;24;80;0;0t\x1b[<35;1;1M",
    b"\x1b[" + b";" * 500,
]
"""Halves of characters and of sequences, and sequences with numbers that cannot be."""


@pytest.mark.long
def test_half_and_wrong_sequences(training: Callable[..., Any]) -> None:
    program, _ = training()
    program.send(" ")
    program.until("⏸ paused")
    rate = program.rows[3][:40]
    for piece in PIECES:
        for more in (1, 0):  # a program that is late takes the key for the piece's end
            feed(program, piece)
            rest(program, 0.3 if more else 3)
            before = program.text
            program.send("n")
            rest(program, 0.5 if more else 10, lambda before=before: program.text != before)
            if program.text != before:
                break
            assert more, piece
        program.finish_frame()
        assert program.rows[3][:40] == rate, piece
    program.send("q")
    assert program.status() == 0


@pytest.mark.long
def test_a_paste_without_an_end_does_not_take_the_keyboard(training: Callable[..., Any]) -> None:
    program, _ = training()
    feed(program, b"\x1b[200~qqqq")
    rest(program, 12)  # much longer than any line stops in the middle of a paste
    assert_obeys(program)


@pytest.mark.parametrize(
    ("bracketed", "size"),
    [
        (True, 2**17),
        pytest.param(False, 2**14, marks=pytest.mark.soak),
        pytest.param(True, 2**20, marks=pytest.mark.long),
        pytest.param(False, 2**17, marks=pytest.mark.soak),
        pytest.param(False, 2**20, marks=pytest.mark.soak),
    ],
)
@pytest.mark.long
def test_a_large_paste(training: Callable[..., Any], bracketed: bool, size: int) -> None:
    program, folder = training()
    text = (b"[]cazmlwvno \r\n1234\xc3\xa9T?" * 60_000)[:size]
    feed(program, b"\x1b[200~" + text + b"\x1b[201~" if bracketed else text)
    if bracketed:
        assert_obeys(program)
        assert "rate 0.005" in program.rows[3]
    assert leave(program) == 0, program.text
    program.assert_restored()
    assert_saved(folder.parent)


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["any", *rarely("staying")])
def test_random_bytes(training: Callable[..., Any], seed: int, kind: str) -> None:
    program, folder = training(raw=True)
    data = random.Random(seed).randbytes(AMOUNT)
    # Nobody could let it go on after ctrl+z.
    data = data.translate(None, LEAVING if kind == "staying" else b"\x1a")
    feed(program, data)
    if kind == "staying":
        assert program.process.poll() is None, program.text
    assert leave(program) == 0, program.text
    program.assert_restored()
    assert_saved(folder.parent)
