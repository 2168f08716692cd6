"""What it sends to a terminal, and what it keeps from it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.rarely import rarely
from support.terminal import STATUS, leave, watch

from digit_tui.tui.draw_schedule import LONGEST_SECONDS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

LAST_DRAWN_SECONDS = LONGEST_SECONDS + 1
"""After a pause, charts that are dear to draw may be drawn once more this late."""


@pytest.mark.long
def test_bytes_while_training_and_none_while_paused(training_in: Callable[..., Any]) -> None:
    program, _ = training_in()
    program.until(STATUS)
    usual = watch(program, 6) / 6 / 1024  # with the first frames, and a finding of Health
    assert usual <= 20, f"{usual:.1f} KiB/s"
    program.send(" ")
    program.until("⏸ paused")
    program.settle(LAST_DRAWN_SECONDS)
    assert watch(program, 3) == 0
    leave(program)


@pytest.mark.long
def test_charts_are_drawn_as_often_as_asked(training_in: Callable[..., Any]) -> None:
    counts = {}
    for fps in ("1", "10"):
        program, _ = training_in(more=["--fps", fps])
        program.until(STATUS)
        counts[fps] = watch(program, 3)
        leave(program)
    assert counts["10"] > 2 * counts["1"]


@pytest.mark.parametrize("option", [["--fps", "3"], *rarely(["--no-tips"])])
def test_the_rate_is_of_the_interface_alone(
    terminal: Callable[..., Any], option: list[str]
) -> None:
    program = terminal("--batch", *option)
    assert program.status() == 2
    assert f"{option[0]} is for the terminal interface only" in program.text


@pytest.mark.long
def test_animations_are_off_over_ssh(training_in: Callable[..., Any]) -> None:
    """The help scrolls at once instead of smoothly: a few frames against many."""
    drawn = {}
    for name, settings in {"here": {}, "ssh": {"SSH_TTY": "/dev/pts/9"}}.items():
        program, _ = training_in(**settings)
        program.send(" ")
        program.until("⏸ paused")
        program.settle(LAST_DRAWN_SECONDS)
        program.send("?")
        program.until("On this view")
        program.settle(1.0)
        before = program.bytes_read
        program.send("\x1b[6~")
        program.until(lambda p=program: "On this view" not in p.text)
        program.settle(1.0)
        drawn[name] = program.bytes_read - before
        program.send("\x1b")
        program.until("Loss by epoch")
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
    training_in: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stray").mkdir()
    (tmp_path / "stray" / "sitecustomize.py").write_text(STRAY)
    path = [str(tmp_path / "stray"), str(Path(__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    program, _ = training_in(size=(200, 60), SPEAK=str(tmp_path / "now"))
    program.send(" ")
    program.until("⏸ paused")
    (tmp_path / "now").touch()

    def log() -> list[str]:
        return [row for row in program.rows if "stray" in row]

    program.until(lambda: len(log()) >= 6)
    program.settle(1.0)
    # All of them in the log's column, each once.
    for words in ("print", "?[2Jcontrol", "warning", "one", "two", "puts"):
        assert any(f"stray {words}" in row[:67] for row in log()), words
    assert not any("stray" in row[67:] for row in program.rows)
    assert b"\x1b[2Jcontrol" not in program.output
    leave(program)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_nobody_listens(training_in: Callable[..., Any]) -> None:
    program, _ = training_in()
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
