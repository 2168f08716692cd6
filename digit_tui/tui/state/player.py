"""Plays events again at a chosen speed, from any place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

from digit_tui.run.events import BranchEvent, Evaluated, RunEnded, WentBack

EVALUATION_BYTES = 256 * 2**20
"""Looks at the test set take no more memory than this; beyond it every other one is forgotten."""


def _size(evaluated: Evaluated) -> int:
    """Bytes."""
    return evaluated.evaluation.probabilities.nbytes + evaluated.network.parameters.nbytes


class Player:
    """Events on a scale of epochs that were trained, those that were undone included.

    Attributes:
        speed: epochs in a second.
        playing: whether time passes.
        place: where it stands, in epochs.
    """

    def __init__(self, speed: float, clock: Callable[[], float] = monotonic) -> None:
        self.speed = speed
        self.playing = True
        self.place = 0.0
        self._clock = clock
        self._now = clock()
        self._events: list[Any] = []
        self._places: list[float] = []
        self._epoch = 0.0  # of the last event, in the run
        self._told = 0
        self._evaluated_bytes = 0

    def add(self, events: Iterable[Any]) -> None:
        """Have more events to play."""
        for event in events:
            place = self._places[-1] if self._places else 0.0
            epoch = getattr(event, "epoch", None)
            if epoch is not None and not isinstance(event, BranchEvent):
                if not isinstance(event, WentBack):
                    place += max(epoch - self._epoch, 0.0)
                self._epoch = epoch
            self._events.append(event)
            self._places.append(place)
            if isinstance(event, Evaluated):
                self._evaluated_bytes += _size(event)
        if self._evaluated_bytes > EVALUATION_BYTES:
            self._thin()

    def _thin(self) -> None:
        looks = [place for place, each in enumerate(self._events) if isinstance(each, Evaluated)]
        for place in reversed(looks[1:-1:2]):
            self._evaluated_bytes -= _size(self._events[place])
            del self._events[place], self._places[place]
            self._told -= place < self._told

    @property
    def end(self) -> float:
        """The last place that is known."""
        return self._places[-1] if self._places else 0.0

    @property
    def finished(self) -> bool:
        """Whether all was told."""
        complete = bool(self._events) and isinstance(self._events[-1], RunEnded)
        return complete and self._told >= len(self._events) - 1

    def play(self) -> list[Any]:
        """The events that are due now."""
        now = self._clock()
        if self.playing:
            # What is not computed yet is waited for.
            self.place = min(self.place + (now - self._now) * self.speed, self.end)
        self._now = now
        return self._tell_on()

    def seek(self, place: float) -> list[Any]:
        """Go to a place: all events up to there, from the first one on."""
        self.place = min(max(place, 0.0), self.end)
        self._told = 0
        return self._tell_on()

    def _tell_on(self) -> list[Any]:
        start, self._told = self._told, max(self._told, bisect_right(self._places, self.place))
        told = self._events[start : self._told]
        # The end of the repetition is not the end of what one can look at.
        return [event for event in told if not isinstance(event, RunEnded)]
