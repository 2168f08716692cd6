"""The worker processes of a run: how they begin, how they end, and what is left."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.rarely import rarely
from support.workers import alive, needs_workers, wait_until, workers_of

from digit_tui.data import Dataset
from digit_tui.engine.worker_pool import WorkerPoolError
from digit_tui.run.commands import SetBatchSize
from digit_tui.training.trainer import Trainer


def open_files() -> int:
    gc.collect()  # a map stays open as long as there are arrays in it
    return len(os.listdir("/proc/self/fd"))


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
    wait_until(lambda: workers_of(os.getpid()))
    (process,) = workers_of(os.getpid())
    run.close()
    assert not alive(process)


@needs_workers
@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("name", ["SIGKILL", *rarely("SIGSEGV")])
def test_workers_end_with_the_program_however_it_ends(
    name: str, stopped: bool, tmp_path: Path
) -> None:
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
    # It is the last to run by then: it has asked the system for its end.
    wait_until(lambda: Path(f"/proc/{process}/oom_score_adj").read_text() == "1000\n")
    if stopped:
        os.kill(process, signal.SIGSTOP)
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
