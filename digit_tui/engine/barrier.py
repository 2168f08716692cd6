"""Where the processes of a pool wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from digit_tui.engine.shared_memory import ALIGNMENT

SPINS = 3_000
"""Looks before a wait becomes a pause, about a tenth of a millisecond. The workers' shards are
equal, so mostly the others are there by then; waking from a pause would cost as much as a tenth
of a step. Who looks longer keeps a processor, and a lock, that an interface waits for."""
PAUSE_GROWTH = 20e-6
"""Each pause is longer than the one before by this many seconds, ..."""
LONGEST_PAUSE = 0.02
"""... up to this many: a paused run looks 50 times a second, which costs next to nothing."""

LINE = ALIGNMENT // 8
"""int64 numbers in a cache line: each worker has one of its own."""


class Barrier:
    """A place where all workers must arrive before any goes on.

    Each worker counts its arrivals in a place of its own in shared memory. That is enough on
    processors that show writes in the order in which they were made, as x86 does: who sees a
    count also sees what was computed before.
    """

    def __init__(
        self, arrivals: Any, index: int, workers: int, pause: Callable[[float], None]
    ) -> None:
        """Arrange barriers.

        Args:
            arrivals: (workers * LINE,) int64 zeros, shared.
            index: which worker this is.
            workers: how many must arrive.
            pause: waits for so many seconds; may raise to give up.
        """
        self._arrivals = memoryview(arrivals)
        self._own = index * LINE
        self._others = [each * LINE for each in range(workers) if each != index]
        self._pause = pause
        self._count = 0

    def __call__(self) -> None:
        """Arrive, and return when all have."""
        self._count = count = self._count + 1
        arrivals = self._arrivals
        arrivals[self._own] = count
        for other in self._others:
            for _ in range(SPINS):
                if arrivals[other] >= count:
                    break
            else:
                pause = 0.0
                while arrivals[other] < count:
                    self._pause(pause)
                    pause = min(pause + PAUSE_GROWTH, LONGEST_PAUSE)
