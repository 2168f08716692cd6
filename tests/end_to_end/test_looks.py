"""How it looks where terminals differ.

`pytest -m long tests/end_to_end/test_looks.py` looks at more kinds of terminals and sizes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support.rarely import endurance, rarely
from support.terminal import STATUS, leave, watch

from digit_tui.storage.saved_run import SavedRun

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def unreadable(program: Any) -> list[str]:
    """Characters in the colour of their background."""
    return [
        f"{character.data!r} at {x},{y}: {character.fg}"
        for y, row in program.screen.buffer.items()
        for x, character in row.items()
        if character.data.strip() and character.fg == character.bg and not character.reverse
    ]


COLOURS = {
    "truecolor": {"COLORTERM": "truecolor"},
    "256": {},
    "16": {"TERM": "linux"},
    "screen": {"TERM": "screen"},
    "vt100": {"TERM": "vt100"},
    "none": {"NO_COLOR": "1"},
    "none-16": {"NO_COLOR": "1", "TERM": "linux"},
}


@pytest.mark.parametrize(
    "name", [*rarely("16"), *endurance("256", "none", "vt100", "truecolor", "screen", "none-16")]
)
def test_colours(training_in: Callable[..., Any], name: str) -> None:
    program, _ = training_in(**COLOURS[name])
    for theme in ("dark", "light"):
        program.until(r"best \d\d\.\d\d% at epoch [1-9]")
        program.until("0[ \\d]+$")
        watch(program, 0.6)  # a whole frame
        assert not unreadable(program), theme
        program.send("\t")
        program.until("mistakes by loss")
        program.until("→")
        watch(program, 0.6)
        assert not unreadable(program), theme
        program.send("\t")
        program.until("columns: predicted")
        watch(program, 0.6)
        assert not unreadable(program), theme
        program.send("\t")
        program.until("Weights of layer 1")
        watch(program, 0.6)
        assert not unreadable(program), theme
        program.send("\t")
        program.until("draw here")
        watch(program, 0.6)
        assert not unreadable(program), theme
        program.send("\t")
        program.until("Loss by epoch")
        program.send("T")
    leave(program)
    text = program.output
    assert (b"38;2;" in text) == (name == "truecolor")
    assert (b"38;5;" in text) == (name in ("256", "none"))
    if program.output and COLOURS[name].get("TERM"):
        # What an old terminal would print, or take for something else.
        assert not re.search(rb"\x1b\]|\x1b\[[<>]|\$p", text)


@pytest.mark.long
def test_curves_differ_without_colour(training_in: Callable[..., Any]) -> None:
    program, _ = training_in(NO_COLOR="1")
    program.until(r"Loss by epoch, log  \* training o test")
    program.until(lambda: {"*", "o"} <= set("".join(program.rows[5:11])))
    assert not re.search("[\u2801-\u28ff]", "".join(program.rows[4:12]))
    program.send("m")
    program.until("[\u2801-\u28ff]{3}")
    program.until("━ training ━ test")
    leave(program)


SIZES = [(60, 20), *rarely((80, 24), (120, 40)), *endurance((500, 200))]

SMALL = [*rarely((40, 12), (1, 1), (200, 19)), *endurance((20, 6), (59, 40), (12, 3))]


NOT_UTF8 = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin": {"PYTHONIOENCODING": "iso-8859-1"},
    "locale": {"LC_ALL": "de_DE.ISO-8859-1"},
    "c": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("name", [*rarely("ascii"), *endurance("c", "locale", "latin")])
def test_a_terminal_that_is_not_utf8(training_in: Callable[..., Any], name: str) -> None:
    program, _ = training_in(waiting="> training .* step [1-9]", **NOT_UTF8[name])
    program.until(r"\* training o test")
    program.until(lambda: {"*", "o"} <= set("".join(program.rows[5:11])))
    program.send("m")  # also where Braille was asked for
    views = ("mistakes by loss", "columns: predicted", "Weights of layer 1", "draw here")
    for view in (*views, "Loss by epoch"):
        program.send("\t")
        program.until(view)
    for key, words in (("?", "esc Close"), ("f", "Train a copy"), ("o", "down the gradient")):
        program.send(key)
        program.until(words)
        program.send("\x1b")
        program.until(lambda words=words: words not in program.text)
    program.send("\x10")
    program.until("Search for commands")
    program.send("\x1b")
    program.until(lambda: "Search for commands" not in program.text)
    leave(program)
    assert b"\\u" not in program.output
    assert b"\\x" not in program.output
    if name in ("ascii", "c"):
        assert program.output.isascii()
    else:
        program.output.translate(bytes.maketrans(b"\xb7\xd7\xb1", b".x+")).decode("ascii")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_what_matters_is_seen(training_in: Callable[..., Any], size: tuple[int, int]) -> None:
    program, _ = training_in(size=size)
    program.until(STATUS)
    program.until(r"\bq Quit")
    program.until(r"\? Help")
    assert "needs" not in program.text
    leave(program)


@pytest.mark.parametrize("size", SMALL, ids=str)
def test_a_terminal_that_is_too_small_says_so(
    training_in: Callable[..., Any], size: tuple[int, int]
) -> None:
    program, folder = training_in(size=size, waiting="d")
    if size[0] >= 12 and size[1] >= 6:
        columns, rows = size
        said = f"digit-tui needs 60x20, this terminal is {columns}x{rows}. q quits."
        program.until(lambda: said in " ".join(program.text.split()))
    # It trains on.
    program.until(lambda: (folder / "journal.jsonl").exists())
    program.until(lambda: b"epoch" in (folder / "journal.jsonl").read_bytes())
    program.resize(80, 24)
    program.until(STATUS)
    program.resize(*size)
    program.until(lambda: "test" not in program.text)
    leave(program)
    assert SavedRun.read(folder).state() == "stopped"


@pytest.mark.long
@pytest.mark.parametrize("sizes", [50, *endurance(200)])
def test_a_storm_of_sizes(training_in: Callable[..., Any], sizes: int) -> None:
    program, folder = training_in()
    for number in range(sizes):
        program.resize(1 + 37 * number % 500, 1 + 23 * number % 200)
        program._read(0.01)
    program.resize(60, 20)
    program.until(STATUS)
    program.until("q Quit")
    for _ in range(60):  # while it is behind with the sizes, it may not take a key
        program.send("q")
        watch(program, 1)
        if program.process.poll() is not None:
            break
    assert program.status() == 0
    program.assert_restored()
    assert SavedRun.read(folder).state() == "stopped"
