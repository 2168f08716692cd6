"""How fast a run trains, and how long it will take to where it is going."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

RATE_SECONDS = 15.0
"""The time left is estimated from the speed over this time."""
RESULTS = 20
"""The speed is that of so many of the latest results of steps."""


class ProgressClock:
    """Takes the time while a run trains."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take it from a clock that gives seconds."""
        self._clock = clock
        self._speed: deque[tuple[int, float]] = deque(maxlen=RESULTS)
        self._track: deque[tuple[float, float]] = deque()

    def start(self, epoch: float) -> None:
        """Begin at a position: the seconds before say nothing of the speed."""
        self._track.clear()
        self._track.append((self._clock(), epoch))

    def move_on(self, epoch: float) -> None:
        """The run is at a later position."""
        now = self._clock()
        self._track.append((now, epoch))
        while self._track[0][0] < now - RATE_SECONDS:
            self._track.popleft()

    def add_steps(self, images: int, seconds: float) -> None:
        """Some steps were made: of how many images, and in what time, without pauses."""
        self._speed.append((images, seconds))

    @property
    def images_per_second(self) -> float:
        """The recent speed, without pauses and evaluations; 0 if unknown."""
        images, seconds = np.sum(self._speed, axis=0) if self._speed else (0, 0.0)
        return float(images / seconds) if seconds else 0.0

    def seconds_until(self, epoch: float) -> float | None:
        """Time until a position, at the present speed, evaluations included; None if unknown."""
        if len(self._track) < 2:
            return None
        (started, since), (now, position) = self._track[0], self._track[-1]
        if now - started < 1 or position <= since:
            return None
        remaining = epoch - position
        # The time since the last event is subtracted, so that the figure keeps counting down.
        return max(remaining * (now - started) / (position - since) - (self._clock() - now), 0)
