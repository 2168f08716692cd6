"""Replays events at a chosen speed, from any position."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

from digit_tui.run.events import BranchEvent, Evaluated, RunEnded, WentBack

EVALUATION_BYTES = 256 * 2**20
"""Evaluations take no more memory than this; beyond it every other one is forgotten."""


def _bytes(evaluated: Evaluated) -> int:
    """Size in memory."""
    return evaluated.evaluation.probabilities.nbytes + evaluated.network.parameters.nbytes


class Player:
    """Events on a scale of trained epochs, including those that were undone.

    Attributes:
        speed: epochs in a second.
        playing: whether time passes.
        position: on the scale, in epochs.
        goal: a position to go to as soon as it has been trained; None if there is none.
    """

    def __init__(self, speed: float, clock: Callable[[], float] = monotonic) -> None:
        self.speed = speed
        self.playing = True
        self.position = 0.0
        self.goal: float | None = None
        self._clock = clock
        self._now = clock()
        self._events: list[Any] = []
        self._positions: list[float] = []
        self._epoch = 0.0  # of the last event, in the run
        self._played = 0
        self._evaluated_bytes = 0

    def add(self, events: Iterable[Any]) -> None:
        """Append events."""
        for event in events:
            position = self._positions[-1] if self._positions else 0.0
            epoch = getattr(event, "epoch", None)
            if epoch is not None and not isinstance(event, BranchEvent):
                if not isinstance(event, WentBack):
                    position += max(epoch - self._epoch, 0.0)
                self._epoch = epoch
            self._events.append(event)
            self._positions.append(position)
            if isinstance(event, Evaluated):
                self._evaluated_bytes += _bytes(event)
        if self._evaluated_bytes > EVALUATION_BYTES:
            self._thin()

    def _thin(self) -> None:
        """Forget every other evaluation, but neither the first nor the last."""
        indices = [i for i, event in enumerate(self._events) if isinstance(event, Evaluated)]
        for index in reversed(indices[1:-1:2]):
            self._evaluated_bytes -= _bytes(self._events[index])
            del self._events[index], self._positions[index]
            self._played -= index < self._played

    @property
    def end(self) -> float:
        """The position of the last event that was added."""
        return self._positions[-1] if self._positions else 0.0

    @property
    def _complete(self) -> bool:
        """Whether there will be no more events."""
        return bool(self._events) and isinstance(self._events[-1], RunEnded)

    @property
    def finished(self) -> bool:
        """Whether all events of the run were played."""
        return self._complete and self._played >= len(self._events) - 1

    def play(self) -> list[Any]:
        """Advance by the time since the last call; returns the events that are due."""
        now = self._clock()
        if self.goal is not None:
            self.position = min(self.goal, self.end)
            if self._complete or self.position >= self.goal:
                self.goal = None
        elif self.playing:
            # It waits for what has not been trained yet.
            self.position = min(self.position + (now - self._now) * self.speed, self.end)
        self._now = now
        return self._due()

    def seek(self, position: float) -> list[Any]:
        """Go to a position; returns all events up to there, from the first one on.

        What has not been trained yet is the goal.
        """
        self.position = min(max(position, 0.0), self.end)
        self.goal = position if position > self.end and not self._complete else None
        self._played = 0
        return self._due()

    def _due(self) -> list[Any]:
        start, self._played = (
            self._played,
            max(self._played, bisect_right(self._positions, self.position)),
        )
        due = self._events[start : self._played]
        # After the end of the training one can still scrub through the run.
        return [event for event in due if not isinstance(event, RunEnded)]
