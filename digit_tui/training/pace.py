"""A limit on the time that something takes beside training."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter


class Pace:
    """Allows something as often as it takes no more than a share of the time.

    It is done inside `with pace:`, which measures it.

    Attributes:
        spent: seconds that it has taken in all.
    """

    def __init__(
        self,
        share: float,
        clock: Callable[[], float] = perf_counter,
        cost_clock: Callable[[], float] | None = None,
    ) -> None:
        """Begin now, with nothing done.

        Args:
            share: the most that it may take, as a fraction of all time.
            clock: in seconds.
            cost_clock: measures what it takes, in seconds; None is `clock`. With `thread_time` what
                else the processor did meanwhile does not count.
        """
        self._share = share
        self._clock = clock
        self._cost_clock = clock if cost_clock is None else cost_clock
        self._started = 0.0
        self._ended = clock()
        self._cost = 0.0
        self.spent = 0.0

    @property
    def allowed(self) -> bool:
        """Whether it was last done long enough ago, for the time that it took."""
        return self.allowed_at(self._share)

    def allowed_at(self, share: float) -> bool:
        """Whether it would be allowed now if it might take another share of the time."""
        return self.waited * share >= self._cost

    @property
    def waited(self) -> float:
        """Seconds since it was last done."""
        return self._clock() - self._ended

    def __enter__(self) -> None:
        self._started = self._cost_clock()

    def __exit__(self, *_: object) -> None:
        self._ended = self._clock()
        self._cost = self._cost_clock() - self._started
        self.spent += self._cost
