"""How it looks where terminals differ, and what it sends to them.

`pytest -m long tests/end_to_end/test_looks.py` looks at more kinds of terminals and sizes.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from support.rarely import endurance, rarely

from digit_tui.storage.saved_run import SavedRun
from digit_tui.tui.draw_schedule import LONGEST_SECONDS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

LAST_DRAWN_SECONDS = LONGEST_SECONDS + 1
"""After a pause, charts that are dear to draw may be drawn once more this late."""
STATUS = r"training +epoch [\d.]+/100000 .*test \d\d\.\d\d%"


@pytest.fixture
def training(terminal: Callable[..., Any], tmp_path: Path) -> Callable[..., tuple[Any, Path]]:
    """Starts runs that go on until they are told to stop; each and its folder."""
    folders = [tmp_path / f"run-{number}" for number in range(9)]

    def start(
        waiting: str = "▶ training .* step [1-9]", more: Sequence[str] = (), **settings: Any
    ) -> tuple[Any, Path]:
        folder = folders.pop(0)
        settings = {"NO_COLOR": "", "COLORTERM": "", "SSH_TTY": "", "SSH_CONNECTION": ""} | settings
        words = "--preset classic --hidden 16 --epochs 100000 --threads 1 --data sample --run"
        program = terminal(*words.split(), str(folder), *more, **settings)
        program.until(waiting)
        return program, folder

    return start


def watch(program: Any, seconds: float) -> int:
    """Read for so long; the number of bytes that came."""
    before, end = program.bytes_read, monotonic() + seconds
    while (left := end - monotonic()) > 0:
        program._read(left)
    return int(program.bytes_read - before)


def leave(program: Any) -> None:
    program.send("q")
    assert program.status() == 0
    program.assert_restored()


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
    "name", [*rarely("256", "16"), *endurance("none", "vt100", "truecolor", "screen", "none-16")]
)
def test_colours(training: Callable[..., Any], name: str) -> None:
    program, _ = training(**COLOURS[name])
    for theme in ("dark", "light"):
        program.until(r"epoch [1-9]\d*: test")
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
        program.until("Gradient norm")
        program.send("T")
    leave(program)
    text = program.output
    assert (b"38;2;" in text) == (name == "truecolor")
    assert (b"38;5;" in text) == (name in ("256", "none"))
    if program.output and COLOURS[name].get("TERM"):
        # What an old terminal would print, or take for something else.
        assert not re.search(rb"\x1b\]|\x1b\[[<>]|\$p", text)


@pytest.mark.long
def test_curves_differ_without_colour(training: Callable[..., Any]) -> None:
    program, _ = training(NO_COLOR="1")
    program.until(r"Loss by epoch  \* training o test")
    program.until(lambda: {"*", "o"} <= set("".join(program.rows[3:12])))
    assert not re.search("[\u2801-\u28ff]", program.text)
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


@pytest.mark.parametrize("name", [*rarely("ascii", "c"), *endurance("locale", "latin")])
def test_a_terminal_that_is_not_utf8(training: Callable[..., Any], name: str) -> None:
    program, _ = training(waiting="> training .* step [1-9]", **NOT_UTF8[name])
    program.until(r"\* training o test")
    program.until(lambda: {"*", "o"} <= set("".join(program.rows[3:12])))
    program.send("m")  # also where Braille was asked for
    for view in ("mistakes by loss", "columns: predicted", "Gradient norm"):
        program.send("\t")
        program.until(view)
    for key, words in (("?", "esc closes"), ("f", "Train a copy"), ("o", "plain gradient")):
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
        program.output.replace(b"\xb7", b".").replace(b"\xd7", b"x").decode("ascii")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_what_matters_is_seen(training: Callable[..., Any], size: tuple[int, int]) -> None:
    program, _ = training(size=size)
    program.until(STATUS)
    program.until(r"\bq Quit")
    program.until(r"\? Help")
    assert "needs" not in program.text
    leave(program)


@pytest.mark.parametrize("size", SMALL, ids=str)
def test_a_terminal_that_is_too_small_says_so(
    training: Callable[..., Any], size: tuple[int, int]
) -> None:
    program, folder = training(size=size, waiting="d")
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
    assert SavedRun.read(folder).state() == "interrupted"


@pytest.mark.long
@pytest.mark.parametrize("sizes", [50, *endurance(200)])
def test_a_storm_of_sizes(training: Callable[..., Any], sizes: int) -> None:
    program, folder = training()
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
    assert SavedRun.read(folder).state() == "interrupted"


@pytest.mark.long
def test_bytes_while_training_and_none_while_paused(training: Callable[..., Any]) -> None:
    program, _ = training()
    program.until(STATUS)
    usual = watch(program, 4) / 4 / 1024
    assert usual <= 20, f"{usual:.1f} KiB/s"
    program.send(" ")
    program.until("⏸ paused")
    program.settle(LAST_DRAWN_SECONDS)
    assert watch(program, 3) == 0
    leave(program)


@pytest.mark.long
def test_charts_are_drawn_as_often_as_asked(training: Callable[..., Any]) -> None:
    counts = {}
    for fps in ("1", "10"):
        program, _ = training(more=["--fps", fps])
        program.until(STATUS)
        counts[fps] = watch(program, 3)
        leave(program)
    assert counts["10"] > 2 * counts["1"]


def test_the_rate_is_of_the_interface_alone(terminal: Callable[..., Any]) -> None:
    program = terminal("--batch", "--fps", "3")
    assert program.status() == 2
    assert "--fps is for the terminal interface only" in program.text


@pytest.mark.long
def test_animations_are_off_over_ssh(training: Callable[..., Any]) -> None:
    """The help scrolls at once instead of smoothly: a few frames against many."""
    drawn = {}
    for name, settings in {"here": {}, "ssh": {"SSH_TTY": "/dev/pts/9"}}.items():
        program, _ = training(**settings)
        program.send(" ")
        program.until("⏸ paused")
        program.settle(LAST_DRAWN_SECONDS)
        program.send("?")
        program.until("Show the next view of the run")
        program.settle(1.0)
        before = program.bytes_read
        program.send("\x1b[6~")
        program.until(lambda p=program: "Show the next view of the run" not in p.text)
        program.settle(1.0)
        drawn[name] = program.bytes_read - before
        program.send("\x1b")
        program.until("Gradient norm")
        leave(program)
    assert drawn["ssh"] < drawn["here"] / 2, drawn


STRAY = """
import os, sys, threading, time, warnings, ctypes
def speak():
    while not os.path.exists(os.environ.get("SPEAK", "")):
        time.sleep(0.02)
    print("stray print")
    print("stray \\x1b[2Jcontrol", file=sys.stderr)
    warnings.warn("stray warning")
    os.write(1, b"stray one\\n")
    os.write(2, b"stray two\\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"stray puts")
    libc.fflush(None)
threading.Thread(target=speak, daemon=True).start()
"""


@pytest.mark.long
def test_words_of_libraries_go_to_the_log(
    training: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stray").mkdir()
    (tmp_path / "stray" / "sitecustomize.py").write_text(STRAY)
    path = [str(tmp_path / "stray"), str(Path(__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    program, _ = training(size=(200, 60), SPEAK=str(tmp_path / "now"))
    program.send(" ")
    program.until("⏸ paused")
    (tmp_path / "now").touch()

    def log() -> list[str]:
        return [row for row in program.rows if "stray" in row]

    program.until(lambda: len(log()) >= 6)
    program.settle(1.0)
    # All of them in the log's column, each once.
    for words in ("print", "?[2Jcontrol", "warning", "one", "two", "puts"):
        assert any(f"stray {words}" in row[90:] for row in log()), words
    assert not any("stray" in row[:90] for row in program.rows)
    assert b"\x1b[2Jcontrol" not in program.output
    leave(program)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_nobody_listens(training: Callable[..., Any]) -> None:
    program, _ = training()
    sockets = set()
    folder = Path("/proc") / str(program.process.pid) / "fd"
    for descriptor in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found = re.match(r"socket:\[(\d+)\]", os.readlink(descriptor))
            sockets |= {found[1]} if found else set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        path = Path("/proc/net", table)
        rows = path.read_text().splitlines()[1:] if path.exists() else []
        assert not sockets & {row.split()[9] for row in rows}
    leave(program)
