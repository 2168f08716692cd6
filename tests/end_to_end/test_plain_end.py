"""How the line-by-line mode ends: signals, readers that go away, disks that are full."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.plain_program import LONG, OPTIONS, Piped, state_of
from support.rarely import rarely

from digit_tui.storage.saved_run import SavedRun

if sys.platform != "win32":
    import fcntl
    import termios

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def running(piped: Callable[..., Piped]) -> Piped:
    """A run that would take hours, with an epoch behind it."""
    program = piped(*LONG)
    program.send("go")
    program.until("^epoch 1: test")
    return program


def test_ctrl_c_twice_saves_and_leaves(piped: Callable[..., Piped]) -> None:
    program = running(piped)
    program.process.send_signal(signal.SIGINT)
    program.until("^paused at epoch")
    program.until("^ctrl[+]c again")
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(timeout=30) == 130
    assert program.end() == 130
    assert "(interrupted)" in program.lines[-3]
    assert state_of(program.folder) == "interrupted"
    assert SavedRun.read(program.folder).checkpoint().state.step > 0


@pytest.mark.long
def test_ctrl_c_ends_a_run_when_nobody_could_let_it_go_on(piped: Callable[..., Piped]) -> None:
    program = piped(*LONG)
    program.stdin.close()
    program.until("^epoch 1: test")
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(timeout=30) == 130
    assert state_of(program.folder) == "interrupted"


@pytest.mark.long
def test_a_run_that_was_paused_by_ctrl_c_does_not_go_on_by_itself(
    piped: Callable[..., Piped],
) -> None:
    program = running(piped)
    program.process.send_signal(signal.SIGINT)
    program.until("^ctrl[+]c again")
    program.stdin.close()  # as when the shell sends it to the whole pipeline
    assert program.process.wait(timeout=30) == 130
    assert state_of(program.folder) == "interrupted"


@pytest.mark.parametrize("name", ["SIGTERM", *rarely("SIGHUP")])
def test_a_signal_saves_and_ends(name: str, piped: Callable[..., Piped]) -> None:
    number = getattr(signal, name)
    program = running(piped)
    program.process.send_signal(number)
    assert program.process.wait(timeout=30) == 128 + number
    assert state_of(program.folder) == "interrupted"
    assert SavedRun.read(program.folder).checkpoint().state.step > 0


def test_a_reader_that_goes_away_ends_the_run_and_saves_it(piped: Callable[..., Piped]) -> None:
    program = running(piped)
    program.stdout.close()
    assert program.process.wait(timeout=30) == 141
    assert program.process.stderr is not None
    assert program.process.stderr.read() == ""
    assert state_of(program.folder) == "interrupted"
    assert SavedRun.read(program.folder).checkpoint().state.step > 0


@pytest.mark.long
def test_a_reader_that_does_not_read_cannot_hold_the_program(
    piped: Callable[..., Piped],
) -> None:
    program = running(piped)
    # Nothing is read from here on; what is drawn fills the pipe.
    program.send("mistakes 1000 draw")
    program.send("status")  # is not read before
    waiting = bytearray(4)
    while int.from_bytes(waiting, sys.byteorder) < 32_768:
        assert program.process.poll() is None
        fcntl.ioctl(program.stdout, termios.FIONREAD, waiting)
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(timeout=30) == 143
    assert state_of(program.folder) == "interrupted"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only on Linux")
def test_a_full_device_is_a_disk_error(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "digit_tui", *OPTIONS, *LONG, "--run", str(tmp_path / "run")],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert done.returncode == 74
    assert done.stderr.count("digit-tui: ") == 1
    assert "No space left on device" in done.stderr


def test_bad_data_is_told_in_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "digit_tui", "--plain", "--data", str(tmp_path)],
        input="status\n",
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("digit-tui: ")
    assert done.stderr.count("\n") == 1
