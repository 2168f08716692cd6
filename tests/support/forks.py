"""Runs with a fork, and what is asked of their events."""

from __future__ import annotations

from typing import Any

import pytest

from digit_tui.engine.worker_processes import WORKER_PROCESSES
from digit_tui.run.commands import (
    Command,
    Setting,
    Stop,
)
from digit_tui.run.events import (
    BranchEvent,
    EpochEnded,
    Event,
    RunEnded,
)

NEVER = 10**9
"""A step that is never reached: a script's command with it waits until the run is paused."""
STOP = (NEVER, Stop())
needs_workers = pytest.mark.skipif(not WORKER_PROCESSES, reason="threads are left to the BLAS here")


def of_fork(ran: Any) -> list[Event]:
    """What happened to the copy."""
    return [event.event for event in ran.events if isinstance(event, BranchEvent)]


def fork_sha(ran: Any) -> str:
    """The weights that the copy ended with."""
    (ended,) = [event for event in of_fork(ran) if isinstance(event, RunEnded)]
    return ended.weights_sha256


def given(step: int, changes: tuple[Setting, ...]) -> list[tuple[int, Command]]:
    return [(step, change) for change in changes]


def results_of(events: list[Event]) -> list[Any]:
    return [
        (event.epoch, event.step, event.train_loss, event.test_loss, event.gradient_norm)
        for event in events
        if isinstance(event, EpochEnded)
    ]
