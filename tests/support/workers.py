"""Runs that share their work among processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from digit_tui.engine.worker_pool import WORKER_PROCESSES
from digit_tui.run.events import Event
from digit_tui.training.trainer import Trainer

needs_workers = pytest.mark.skipif(not WORKER_PROCESSES, reason="threads are left to the BLAS here")


def drive(trainer: Trainer, met: Callable[[Event], bool]) -> None:
    """Follow a run until it meets what is looked for."""
    for event in trainer.run():
        if met(event):
            return
