"""Where the processes of a pool wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from digit_tui.engine.shared_memory import ALIGNMENT

SPINS = 3_000
"""How often to look before pausing: about a tenth of a millisecond. The shards are equal, so mostly
the others have arrived by then; waking from a pause would cost as much as a tenth of a step.
Spinning longer would keep a processor, and Python's lock, from the interface."""
PAUSE_GROWTH = 20e-6
"""Each pause is longer than the one before by this many seconds, ..."""
LONGEST_PAUSE = 0.02
"""... up to this many: in a paused run each looks 50 times a second, which costs almost nothing."""

LINE = ALIGNMENT // 8
"""int64 numbers in a cache line: each process has one of its own."""


class Barrier:
    """All processes must arrive before any of them goes on.

    Each counts its arrivals in a number of its own in shared memory. That is enough on processors
    where writes become visible in their order, as on x86: a process that sees another's count also
    sees what it computed before.

    Attributes:
        count: how often this process has arrived.
        alone: whether there is no other process.
    """

    def __init__(
        self, arrivals: Any, index: int, processes: int, pause: Callable[[float], None]
    ) -> None:
        """Begin with no arrivals.

        Args:
            arrivals: (processes * LINE,) int64 zeros, shared.
            index: which process this is.
            processes: how many there are.
            pause: waits for so many seconds; may raise to give up.
        """
        self._arrivals = memoryview(arrivals)
        self._own = index * LINE
        self._others = [each * LINE for each in range(processes) if each != index]
        self._pause = pause
        self.count = 0
        self.alone = not self._others

    def __call__(self) -> None:
        """Arrive, and return when all have."""
        self.count = count = self.count + 1
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

    @property
    def late(self) -> list[int]:
        """The other processes, by index, that have not arrived since this one did."""
        return [other // LINE for other in self._others if self._arrivals[other] < self.count]
