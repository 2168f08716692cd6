"""Worker processes that are killed or stopped, while people watch or want to leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from support.interrupted import LEAVE_SECONDS, assert_saved, end
from support.rarely import rarely
from support.terminal import step
from support.workers import alive, needs_workers, wait_until, workers_of

from digit_tui.storage.saved_run import SavedRun

pytestmark = [needs_workers, pytest.mark.timeout(60)]

Start = Callable[..., Any]


def the_worker(program: subprocess.Popen[Any]) -> int:
    """The only worker process of a program with two threads."""
    wait_until(lambda: workers_of(program.pid))
    (process,) = workers_of(program.pid)
    return process


def test_one_that_is_killed_is_replaced_and_named(training: Start) -> None:
    program, folder = training(threads="2")
    lost = the_worker(program.process)
    os.kill(lost, signal.SIGKILL)
    program.until(f"worker process {lost} was")
    wait_until(lambda: workers_of(program.process.pid))
    assert the_worker(program.process) != lost
    before = step(program)
    program.until(lambda: step(program) > before)
    program.send("q")
    assert program.status() == 0
    assert assert_left(folder) > before


def assert_left(folder: Path) -> int:
    return SavedRun.read(folder).checkpoint().state.step


@pytest.mark.parametrize("way", ["q", *rarely("SIGTERM", "SIGHUP")])
def test_nobody_waits_for_one_that_is_stopped(training: Start, way: str) -> None:
    program, folder = training(threads="2")
    stopped = the_worker(program.process)
    os.kill(stopped, signal.SIGSTOP)
    seen = step(program)
    if way == "q":
        started = monotonic()
        program.send("q")
        assert program.status() == 0
        assert monotonic() - started <= LEAVE_SECONDS
        assert assert_left(folder) >= seen
    else:
        end(program, way)
        assert assert_saved(folder) >= seen
    assert not alive(stopped)


@pytest.mark.long
@pytest.mark.parametrize("name", ["SIGINT", *rarely("SIGTERM")])
def test_nor_does_a_run_without_a_screen(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    options = "--preset classic --hidden 16 --epochs 100000 --threads 2 --data sample --run"
    told = tmp_path / "stderr"
    with told.open("w") as stderr:
        program = subprocess.Popen(
            [sys.executable, "-m", "digit_tui", "--batch", *options.split(), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    wait_until(lambda: "epoch " in told.read_text())
    stopped = the_worker(program)
    os.kill(stopped, signal.SIGSTOP)
    started = monotonic()
    program.send_signal(getattr(signal, name))
    program.wait(20)
    assert monotonic() - started <= LEAVE_SECONDS
    assert program.returncode == 128 + getattr(signal, name)
    assert_saved(folder)
    assert not alive(stopped)
