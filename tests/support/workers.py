"""Runs that share their work among processes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from digit_tui.engine.worker_processes import WORKER_PROCESSES
from digit_tui.run.events import Event
from digit_tui.training.trainer import Trainer

needs_workers = pytest.mark.skipif(not WORKER_PROCESSES, reason="threads are left to the BLAS here")


def drive(trainer: Trainer, met: Callable[[Event], bool]) -> None:
    """Follow a run until it meets what is looked for."""
    for event in trainer.run():
        if met(event):
            return


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # it ended before, or while it was read
        return False
    return state != "Z"


def workers_of(process: int) -> list[int]:
    """Those that the system names at once; a process that has just begun may be missing."""
    found = []
    threads = Path(f"/proc/{process}/task").glob("*/children")
    for child in [child for thread in threads for child in thread.read_text().split()]:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            if b"run_worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def wait_until(condition: Any, seconds: float = 20.0) -> None:
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end
        sleep(0.01)
