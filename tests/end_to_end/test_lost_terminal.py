"""A terminal under the interface that goes away, does not read, or was never there.

`pytest -m long tests/end_to_end/test_lost_terminal.py` tries more of them; `-m soak` tries more
often, and stalls for longer. Times are bounds that a person may rely on, not measurements.
"""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from support.interrupted import assert_saved
from support.rarely import endurance, rarely
from support.terminal import CLOSING

from digit_tui.storage.run_files import CHECKPOINT

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

import fcntl
import termios

pytestmark = pytest.mark.timeout(60)

Start = Callable[..., Any]

CLOSINGS = [0, *endurance(*range(1, 20))]
STALLS = [1.0, *endurance(*[20.0] * 5)]
"""Seconds for which a terminal does not read."""

GONE_SECONDS = 7.0
RIGHT_SECONDS = 2.0
REFUSE_SECONDS = 1.0
CPU_SECONDS = 4.0
"""What a program that has lost its terminal may still use, its training and its save included."""


def last_epoch(folder: Path) -> int:
    """The last that the run has recorded."""
    lines = (folder / "journal.jsonl").read_text().splitlines()
    epochs = [line for line in lines if '"epoch_ended"' in line and line.endswith("}")]
    return int(json.loads(epochs[-1])["epoch"]) if epochs else 0


def epoch_after(before: int, folder: Path) -> int:
    """The last that the run has recorded, which goes on."""
    end = monotonic() + 20
    while (now := last_epoch(folder)) <= before:
        assert monotonic() < end, "it does not go on"
        sleep(0.05)
    return now


@pytest.mark.parametrize("time", CLOSINGS)
@pytest.mark.parametrize("hangup", ["default", *rarely("ignored", "none")])
class TestClosed:
    def test_it_saves_and_goes(self, training: Start, hangup: str, time: int) -> None:
        program, folder = training(preparations=CLOSING[hangup])
        if time % 2:
            program.send(" ")
            program.until("⏸ paused")
        before = processor_seconds(program)
        program.hang_up()
        started = monotonic()
        _, status, used = os.wait4(program.process.pid, 0)
        assert monotonic() - started <= GONE_SECONDS
        program.process.returncode = os.waitstatus_to_exitcode(status)
        assert program.process.returncode == 128 + signal.SIGHUP
        assert used.ru_utime + used.ru_stime - before <= CPU_SECONDS
        assert_saved(folder)


def processor_seconds(program: Any) -> float:
    about = Path(f"/proc/{program.process.pid}/stat")
    if not about.exists():
        return 0.0
    ticks = about.read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.long
def test_a_terminal_to_draw_on_that_is_closed(training: Start) -> None:
    """Standard error may be another terminal than standard input."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    program, folder = training(stderr=slave, wait=False)
    os.close(slave)
    drawn = b""
    while b"training" not in drawn:
        drawn += os.read(master, 65_536)
    program.until(lambda: (folder / CHECKPOINT).exists())
    os.close(master)
    program.process.wait(GONE_SECONDS)
    assert program.process.returncode == 128 + signal.SIGHUP
    assert program.attributes() == program.attributes_before
    assert_saved(folder)


def stall(program: Any) -> None:
    """Fill the terminal until nobody can write to it."""
    terminal = os.open(os.ttyname(program.slave), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        written = monotonic()
        while monotonic() - written < 0.5:  # another may just be writing
            try:
                os.write(terminal, b"\0" * 1_024)
            except BlockingIOError:
                sleep(0.01)
            else:
                written = monotonic()
    finally:
        os.close(terminal)


class TestStalled:
    @pytest.mark.long
    @pytest.mark.parametrize("seconds", STALLS)
    def test_a_signal_ends_it(self, training: Start, seconds: float) -> None:
        program, folder = training()
        stall(program)
        before = last_epoch(folder)
        sleep(seconds)
        assert epoch_after(before, folder)
        started = monotonic()
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(GONE_SECONDS) == 128 + signal.SIGTERM
        assert monotonic() - started <= GONE_SECONDS
        assert program.attributes() == program.attributes_before
        assert_saved(folder)
        program.settle(0.1)
        program.assert_restored()  # also for who reads what is left later

    @pytest.mark.long
    @pytest.mark.parametrize("seconds", [1.0, *endurance(10.0)])
    def test_the_screen_is_right_when_it_reads_again(self, training: Start, seconds: float) -> None:
        program, folder = training()
        stall(program)
        before = last_epoch(folder)
        sleep(seconds)
        now = epoch_after(before, folder)
        pattern = re.compile(r"▶ training  epoch (\d+)\.\d\d/100000")

        def right() -> bool:
            found = pattern.search(program.rows[1])
            return (
                found is not None
                and int(found[1]) >= now
                and program.rows[0].endswith(" sample · 784-16-10")
                and all(len(re.findall("[│┤└]", row)) == 2 for row in program.rows[5:11])
                and program.rows[-1].endswith("q Quit")
            )

        program.until(right, RIGHT_SECONDS)
        program.send(" ")
        program.until("⏸ paused")
        program.send("q")
        assert program.status() == 0
        program.assert_restored()


class TestNone:
    """One line that names --batch, and status 2, at once."""

    @pytest.mark.parametrize(
        "redirection",
        ["</dev/null", "<&-", "2>FILE", "<FILE", "2>&-", "</dev/null 2>&1 | cat"],
    )
    def test_by_the_shell(self, terminal: Start, tmp_path: Path, redirection: str) -> None:
        file = tmp_path / "file"
        file.write_text("q" * 100 if redirection.startswith("<") else "")
        command = f'"$@" {redirection.replace("FILE", str(file))}; echo "status $?."'
        if "|" in redirection:
            command = '{ "$@" </dev/null 2>&1; echo "status $?."; } | cat'
        self.assert_refused(terminal, file, command, said="2>&-" not in redirection)

    @pytest.mark.parametrize("term", ["", "dumb"])
    @pytest.mark.parametrize("command", ["", "--resume RUN"])
    def test_of_a_kind_that_cannot_draw(
        self, terminal: Start, tmp_path: Path, term: str, command: str
    ) -> None:
        self.assert_refused(terminal, tmp_path, f'"$@" {command}; echo "status $?."', TERM=term)

    @staticmethod
    def assert_refused(
        terminal: Start, file: Path, command: str, said: bool = True, **settings: str
    ) -> None:
        for more in (2, 1, 0):  # a busy machine may take longer once
            started = monotonic()
            program = terminal(
                *("sh", sys.executable, "-m", "digit_tui"),
                program=["sh", "-c", command],
                **settings,
            )
            assert program.status() == 0
            took = monotonic() - started
            if took <= REFUSE_SECONDS:
                break
            assert more, took
        assert program.attributes() == program.attributes_before
        lines = program.output.decode().split("\r\n")[:-1]
        if file.is_file() and not file.read_text().startswith("q"):
            lines = file.read_text().splitlines() + lines
        assert lines[-1] == "status 2."
        if said:
            assert len(lines) == 2
            assert lines[0].startswith("digit-tui: ")
            assert "--batch" in lines[0]
            assert "\x1b" not in lines[0]
