"""The worker processes of a run: how they begin, how they end, and what is left."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from support.command_script import CommandScript
from support.workers import drive, needs_workers

from digit_tui.data import Dataset
from digit_tui.engine import worker_pool as pool_module
from digit_tui.engine.worker_pool import WorkerPoolError
from digit_tui.run.commands import SetBatchSize
from digit_tui.run.events import Event, StepsDone
from digit_tui.training.trainer import Trainer


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # it ended before, or while it was read
        return False
    return state != "Z"


def workers_of(process: int) -> list[int]:
    """Those that the system names at once; a process that has just begun may be missing."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    found = []
    for child in children:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            if b"run_worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def open_files() -> int:
    gc.collect()  # a map stays open as long as there are arrays in it
    return len(os.listdir("/proc/self/fd"))


def wait_until(condition: Any, seconds: float = 20.0) -> None:
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end
        sleep(0.01)


@needs_workers
def test_a_lost_worker_ends_the_run_with_a_reason(digits: Dataset, config: Any) -> None:
    trainer = Trainer(config.with_(threads=2, epochs=1_000_000), digits, CommandScript([]))
    killed: list[int] = []

    def kill(event: Event) -> bool:
        if isinstance(event, StepsDone) and not killed:
            killed.extend(process.pid for process in trainer._pool._processes)
            os.kill(killed[0], signal.SIGKILL)
        return False

    with pytest.raises(
        WorkerPoolError, match="killed by signal 9; --threads 1 needs no worker processes"
    ):
        drive(trainer, kill)
    assert killed
    assert not any(map(alive, killed))


@needs_workers
def test_a_run_leaves_no_process_and_no_file_open(train: Any) -> None:
    before = open_files()
    train(threads=3, batch_size=20)
    train([(3, SetBatchSize(7))], threads=2)
    assert open_files() == before
    assert not workers_of(os.getpid())


@needs_workers
def test_a_run_that_is_given_up_ends_its_workers(digits: Dataset, config: Any) -> None:
    trainer = Trainer(config.with_(threads=2), digits, CommandScript([]))
    run = trainer.run()
    next(run)
    (process,) = trainer._pool._processes
    assert alive(process.pid)
    run.close()
    assert not alive(process.pid)


@needs_workers
@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_workers_end_with_the_program_however_it_ends(name: str, tmp_path: Path) -> None:
    number = getattr(signal, name)  # Windows knows no SIGKILL
    command = [sys.executable, "-m", "digit_tui", "--batch", "--data", "sample", "--threads", "2"]
    program = subprocess.Popen(
        [*command, "--epochs", "100000", "--run", str(tmp_path / "run")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: workers_of(program.pid))
    (process,) = workers_of(program.pid)  # it lives until the program ends
    program.send_signal(number)
    assert program.wait() == -number
    wait_until(lambda: not alive(process))


@needs_workers
def test_no_workers_can_be_started(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = open_files()
    with pytest.raises(
        WorkerPoolError, match="cannot start a worker process: No such file or directory"
    ):
        train(threads=2)
    assert open_files() == before


@needs_workers
def test_a_run_that_is_never_begun_leaves_no_file_open(digits: Dataset, config: Any) -> None:
    before = open_files()
    for _ in range(3):
        Trainer(config.with_(threads=2), digits, CommandScript([])).run().close()
    assert open_files() == before


@needs_workers
def test_a_worker_that_fails_says_why(
    digits: Dataset, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_START", "raise RuntimeError('by design')")
    trainer = Trainer(config.with_(threads=2), digits, CommandScript([]))
    with pytest.raises(WorkerPoolError, match=r"status 1 \(RuntimeError: by design\); --threads 1"):
        drive(trainer, lambda event: False)


@needs_workers
def test_workers_end_when_the_start_is_interrupted(
    digits: Dataset, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def once(*args: Any, **options: Any) -> Any:
        if started:
            raise KeyboardInterrupt
        started.append(popen(*args, **options))
        return started[0]

    before = open_files()
    trainer = Trainer(config.with_(threads=3), digits, CommandScript([]))
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", once)
        with pytest.raises(KeyboardInterrupt):
            next(trainer.run())
    assert started[0].poll() is not None
    del trainer
    assert open_files() == before
