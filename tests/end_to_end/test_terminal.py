"""What a person at a terminal meets, from the first frame to the shell's next prompt."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.rarely import rarely
from support.terminal import click, pause, step

from digit_tui.storage.saved_run import SavedRun

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def test_a_whole_session(training: Callable[..., Any]) -> None:
    program, folder = training()
    assert program.rows[0].endswith(" sample · 784-16-10")
    assert re.match(r" adamw · learning rate 0\.00", program.rows[3])
    # It trains by itself, and shows it.
    first = step(program)
    program.until(lambda: step(program) > first)
    program.until(r"best \d\d\.\d\d% at epoch [1-9]")
    program.until("[\u2801-\u28ff]{3}")

    before = pause(program)
    program.send("n")
    program.until("paused after one batch")
    program.until(lambda: step(program) == before + 1)
    program.send("n")
    program.until(lambda: step(program) == before + 2)

    program.send("2")
    program.until(r"^ momentum · learning rate 0\.05 ")
    program.send("[")
    program.until(r"^ momentum · learning rate 0\.025 ")
    program.send("o")
    program.until(r"esc Cancel")
    program.finish_frame()
    click(program, "3 nesterov")  # selects
    program.until(r"nesterov: learning rate 0\.025 → 0\.05\.")
    program.finish_frame()
    click(program, "3 nesterov")
    program.until(r"^ nesterov · learning rate 0\.05 ")
    program.send("f")
    program.until(r"learning rate 0\.005  0\.01  0\.025 \[0\.05\] 0\.1  0\.25  0\.5 ")
    program.finish_frame()
    click(program, " 0.25 ")
    program.until(r"The copy: learning rate 0\.25\.")
    click(program, "esc Cancel")
    program.until(lambda: "The copy" not in program.text)

    program.send("\t")
    program.until(r"^─\d+ mistakes by loss─")
    program.until("^▸")
    chosen = next(number for number, row in enumerate(program.rows) if row.startswith("▸"))
    program.send("\x1b[B")
    program.until(lambda: program.rows[chosen + 1].startswith("▸"))
    program.send("v")
    program.until("^─1,000 digits by loss─")
    program.send("?")
    program.until("On this view")
    program.send("\x1b")
    program.until(lambda: "On this view" not in program.text)

    program.send("s")
    program.send("\t")
    program.until("columns: predicted")
    program.send("\t\t\t")
    program.until("saved step")
    program.finish_frame()
    assert step(program) == before + 2
    saved = SavedRun.read(folder)
    state = saved.checkpoint().state
    assert (state.step, state.settings.optimizer) == (before + 2, "nesterov")
    assert np.isfinite(state.parameters).all()
    assert saved.state() == "running"

    program.send("q")
    assert program.status() == 0
    program.assert_restored()
    assert f"Saved step {before + 2:,} in" in re.sub(r"\s+", " ", program.text)
    saved = SavedRun.read(folder)
    assert (saved.state(), saved.record["results"]["steps"]) == ("stopped", before + 2)


@pytest.mark.long
def test_leaving_saves_and_the_run_can_be_gone_on_with(training: Callable[..., Any]) -> None:
    program, folder = training()
    program.send("q")
    assert program.status() == 0  # at once
    program.assert_restored()
    saved = SavedRun.read(folder).checkpoint().state.step
    assert saved > 0
    said = re.sub(r"\s+", "", program.text)  # the terminal breaks lines anywhere
    assert f"Savedstep{saved:,}in{folder}" in said
    assert f"digit-tui--resume{folder}" in said


@pytest.mark.long
def test_a_run_goes_on_where_it_was_left(
    training: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    program, folder = training()
    left = pause(program)
    program.send("q")
    assert program.status() == 0
    program = terminal("--resume", str(folder))
    program.until(lambda: "step" in program.text and step(program) > left)
    program.send("q")
    assert program.status() == 0
    program.assert_restored()
    (resumed,) = (line for line in SavedRun.read(folder).lines() if line.get("event") == "resumed")
    assert resumed["step"] == left


@pytest.mark.parametrize("name", rarely("SIGTERM", "SIGINT", "SIGHUP"))
def test_a_signal_saves_and_restores(training: Callable[..., Any], name: str) -> None:
    program, folder = training()
    number = getattr(signal, name)
    program.process.send_signal(number)
    assert program.status() == 128 + number
    program.assert_restored()
    record = json.loads((folder / "run.json").read_text())
    assert record["state"] == "interrupted"
    assert record["results"]["steps"] > 0
    assert SavedRun.read(folder).checkpoint().state.step > 0


def test_a_dropped_connection_saves_and_ends_the_program(training: Callable[..., Any]) -> None:
    program, folder = training()
    program.hang_up()
    program.process.wait(timeout=15)
    assert json.loads((folder / "run.json").read_text())["state"] == "interrupted"
    assert SavedRun.read(folder).checkpoint().state.step > 0


@pytest.mark.long
def test_a_terminal_that_does_not_read_cannot_hold_the_program(
    training: Callable[..., Any],
) -> None:
    program, folder = training()
    # Nothing is read from here on: the terminal's buffer fills, and writes to it block.
    for _ in range(200):
        program.resize(80, 24)
        program.resize(100, 30)
        time.sleep(0.01)
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(timeout=15) == 128 + signal.SIGTERM
    assert program.attributes() == program.attributes_before
    assert json.loads((folder / "run.json").read_text())["state"] == "interrupted"


CRASHING = """
from digit_tui.cli.main import main
from digit_tui.tui.app import DigitApp

def fail(self, *_):
    raise RuntimeError("a fault of the interface")

def fail_leaving(self, *_):
    self.exit()
    self.call_later(fail, self)

DigitApp.action_help = {}
main()
"""


@pytest.mark.parametrize("fault", ["fail", *rarely("fail_leaving")])
def test_a_crash_of_the_interface_saves_and_is_told(
    training: Callable[..., Any], fault: str
) -> None:
    program, folder = training(program=[sys.executable, "-c", CRASHING.format(fault)])
    seen = step(program)
    program.send("?" if fault == "fail_leaving" else "??")  # after one it would go on
    assert program.status() == 1
    program.assert_restored()
    assert "RuntimeError: a fault of the interface" in program.text
    saved = SavedRun.read(folder)
    assert saved.state() == "interrupted"
    assert saved.checkpoint().state.step >= seen


@pytest.mark.long
def test_a_storm_of_sizes_leaves_a_whole_screen(training: Callable[..., Any]) -> None:
    program, _ = training()
    pause(program)
    program.until("paused$")
    program.until(r"q Quit")
    program.settle(2.0)

    def steady() -> list[str]:
        """What the evaluation after a pause, still under way, does not change."""
        return [program.rows[0], program.rows[4], *program.rows[22:]]

    whole = steady()
    for number in range(50):
        program.resize(1 + 7 * number % 150, 1 + 3 * number % 50)
    program.resize(80, 24)
    program.until(lambda: steady() == whole)
    program.until(lambda: all(len(re.findall("[│┤└]", row)) == 2 for row in program.rows[5:11]))
    program.send("q")
    assert program.status() == 0
    program.assert_restored()


def test_a_bad_folder_is_told_after_the_screen_is_restored(
    terminal: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03 not digits")
    program = terminal("--data", str(tmp_path), "--run", str(tmp_path / "run"))
    assert program.status() == 3
    program.assert_restored()
    said = program.output.rpartition(b"\x1b[?1049l")[2].decode()
    said = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", said).strip()
    assert said.startswith("digit-tui: ")
    assert f"{tmp_path}: train-labels-idx1-ubyte" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_a_single_step_is_cheap_over_a_slow_line(training: Callable[..., Any]) -> None:
    program, _ = training()
    now = pause(program)
    program.until("paused$")
    before = program.bytes_read
    for number in range(1, 6):
        program.send("n")
        program.until(lambda number=number: step(program) == now + number)
    assert program.bytes_read - before < 5 * 24 * 80 * 10


class TestWithoutATerminal:
    """One line that names --batch, and status 2."""

    def assert_refused(self, program: Any, said: str) -> None:
        assert program.returncode == 2
        assert len(said.strip().splitlines()) == 1
        assert said.startswith("digit-tui: ")
        assert "--batch" in said
        assert "\x1b" not in said

    @pytest.mark.parametrize("stdin", ["null", "file", "pipe"])
    def test_on_standard_input(
        self, terminal: Callable[..., Any], tmp_path: Path, stdin: str
    ) -> None:
        (tmp_path / "keys").write_text("qqqq")
        with open(tmp_path / "keys", "rb") as keys:
            given = {"null": subprocess.DEVNULL, "file": keys, "pipe": subprocess.PIPE}[stdin]
            program = terminal(stdin=given)
            program.status()
            if program.process.stdin is not None:
                program.process.stdin.close()
        self.assert_refused(program.process, program.output.decode())

    def test_with_standard_input_closed(self) -> None:
        done = subprocess.run(
            ["sh", "-c", 'exec "$0" -m digit_tui <&-', sys.executable],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        self.assert_refused(done, done.stderr)
        assert done.stdout == ""

    def test_with_standard_error_in_a_file(
        self, terminal: Callable[..., Any], tmp_path: Path
    ) -> None:
        with open(tmp_path / "log", "wb") as log:
            program = terminal(stderr=log)
            program.status()
        assert program.output == b""
        self.assert_refused(program.process, (tmp_path / "log").read_text())

    @pytest.mark.parametrize("term", ["dumb", ""])
    def test_with_a_terminal_that_cannot_draw(
        self, terminal: Callable[..., Any], term: str
    ) -> None:
        program = terminal(TERM=term)
        program.status()
        self.assert_refused(program.process, program.output.decode())
        assert program.attributes() == program.attributes_before
