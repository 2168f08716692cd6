"""Ctrl+Z, and other ways to stop and go on, as a shell with job control knows them.

`pytest -m long tests/end_to_end/test_suspend.py` tries what may happen meanwhile, and suspends ten
times; `-m soak` fifty times.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from support.interrupted import HOLD_SECONDS, assert_saved
from support.rarely import endurance, rarely
from support.terminal import pause, step

from digit_tui.storage.saved_run import SavedRun

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals"),
    pytest.mark.timeout(60),
]

Start = Callable[..., Any]

TAKE_SCREEN = b"\x1b[?1049h"

needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")


@pytest.fixture
def shell(terminal: Start, tmp_path: Path) -> Callable[..., tuple[Any, Path]]:
    """Starts the program by a shell with job control; the terminal, and the folder of the run."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")

    def start(command: str = '"$@"') -> tuple[Any, Path]:
        folder = tmp_path / "run"
        program = terminal(
            program=[bash, "--norc", "--noprofile", "-i"],
            PS1="READY> ",
            PS2="",
            HISTFILE="/dev/null",
        )
        program.until("^READY>")
        options = "--preset classic --hidden 16 --epochs 100000 --threads 2 --data sample"
        words = f"{sys.executable} -m digit_tui {options} --run {folder}"
        program.send(f"set -- {words}; clear; {command}\r")
        program.until(r"▶ training .* step [1-9]")
        return program, folder

    return start


def child(program: Any) -> int:
    """The process that the shell has started, if it lives."""
    text = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text()
    return int(text.split()[0]) if text else 0


def suspend(program: Any) -> None:
    """Press ctrl+z and see the shell with its terminal as it should be."""
    program.send("\x1a")
    program.until(lambda: 1049 not in program.modes)
    program.until(r"1\]\+? +Stopped")
    program.until(r"^READY>$")
    assert not program.modes & {1000, 1002, 1003, 1004, 1006, 2048}
    assert not program.cursor_hidden


def whole(program: Any) -> bool:
    """All parts of the training view are there: its first and last lines, and both charts."""
    rows = program.rows
    return (
        rows[0].endswith(" sample · 784-16-10")
        and "q Quit" in program.text
        and rows[4].startswith("─Loss by epoch")
        and all(len(re.findall("[│┤└]", row)) == 2 for row in rows[5:11])
        and "READY>" not in program.text
        and "Stopped" not in program.text
    )


class TestSuspend:
    @pytest.mark.long
    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("times", [2, *rarely(10), *endurance(50)])
    def test_it_comes_back_whole(self, shell: Start, times: int) -> None:
        program, folder = shell()
        for number in range(times):
            if number % 2:
                pause(program)
            before = step(program)
            suspend(program)
            program.send("fg\r")
            program.until(lambda: 1049 in program.modes)
            program.until(lambda: whole(program))
            assert {1000, 2004} <= program.modes
            if number % 2:
                assert step(program) == before
                program.send(" ")
            program.until(lambda before=before: step(program) > before)
        program.send("q")
        program.until(r"Saved step")
        program.until(r"^READY>$")
        assert not program.cursor_hidden
        assert 1049 not in program.modes
        assert SavedRun.read(folder).checkpoint().state.step > 0

    @pytest.mark.long
    @needs_proc
    def test_nothing_is_trained_meanwhile(self, shell: Start) -> None:
        program, _ = shell()
        suspend(program)
        used = Path(f"/proc/{child(program)}/stat")
        before = used.read_text().split()[2:15]
        assert before[0] == "T"
        program.send("sleep 1; echo slept\r")
        program.until("^slept")
        assert used.read_text().split()[2:15] == before

    @pytest.mark.long
    def test_the_size_may_change_meanwhile(self, shell: Start) -> None:
        program, _ = shell()
        suspend(program)
        program.resize(120, 40)
        program.send("fg\r")
        program.until(lambda: "q Quit" in program.rows[-1])
        program.until(lambda: max(map(len, program.rows)) == 120)

    @pytest.mark.long
    @needs_proc
    def test_a_stop_from_elsewhere(self, shell: Start) -> None:
        program, _ = shell()
        for number in (signal.SIGTSTP, signal.SIGSTOP):
            before, taken = step(program), program.output.count(TAKE_SCREEN)
            os.kill(child(program), number)
            program.until(r"1\]\+? +Stopped")
            program.send("stty sane; fg\r")
            # Before, it throws away what is typed; and it may draw once before.
            program.until(lambda taken=taken: program.output.count(TAKE_SCREEN) > taken)
            program.until(lambda: whole(program))
            program.until(lambda before=before: step(program) > before)
        program.send("q")
        program.until("Saved step")
        program.until("^READY>$")
        assert not program.modes & {1000, 1002, 1003, 1004, 1006, 1049, 2048}
        assert not program.cursor_hidden

    @pytest.mark.long
    def test_bg_does_not_draw_over_the_shell(self, shell: Start) -> None:
        program, _ = shell()
        suspend(program)
        program.send("bg\r")
        program.until(r"&$")
        for number in range(200):  # it goes on to see whose the terminal is, and stops again
            program.send(f"clear; jobs; echo look {number}\r")
            program.until(rf"^look {number}$")
            if "Running" not in program.text:
                break
        assert "Running" not in program.text
        assert 1049 not in program.modes
        program.send("fg\r")
        program.until(lambda: whole(program))

    @pytest.mark.long
    @needs_proc
    @pytest.mark.parametrize("name", ["TERM", *rarely("HUP")])
    def test_who_is_ended_meanwhile_saves(self, shell: Start, name: str) -> None:
        program, folder = shell()
        suspend(program)
        program.send(f"kill -{name} %1\r")
        program.until(lambda: SavedRun.read(folder).record["state"] == "interrupted")
        program.until(lambda: not child(program))
        assert 1049 not in program.modes
        assert_saved(folder)

    @pytest.mark.long
    def test_the_shell_that_ends_takes_it_along(self, shell: Start) -> None:
        program, folder = shell()
        suspend(program)
        started = monotonic()
        program.hang_up()
        program.process.wait(HOLD_SECONDS)
        # The lock goes last, with the process: nobody here is its parent and could wait for it.
        while SavedRun.read(folder).state() == "running":
            assert monotonic() - started < HOLD_SECONDS
            sleep(0.05)
        assert_saved(folder)

    @pytest.mark.long
    def test_a_script_between_stops_too(self, shell: Start) -> None:
        program, _ = shell('sh -c \'"$@"; echo over\' sh "$@"')
        suspend(program)
        program.send("fg\r")
        program.until(lambda: whole(program))
        program.send("q")
        program.until("^over")

    @pytest.mark.long
    def test_without_a_shell_it_says_so(self, training: Start) -> None:
        program, _ = training()
        before = step(program)
        program.send("\x1a")
        program.until("No shell has started this")
        program.until(lambda: step(program) > before)
