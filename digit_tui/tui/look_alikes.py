"""Finds the training digits that look most like a test digit to the network, in a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any

from numpy.typing import NDArray

from digit_tui.insight.neighbours import Neighbours, hidden_features, nearest
from digit_tui.nn import Network
from digit_tui.training.pace import Pace

COUNT = 5
"""How many are found."""
SHARE = 0.05
"""The most of the time that following a network which trains may take."""


@dataclass(frozen=True, eq=False)
class NeighbourQuery:
    """Which training digits look like this one?"""

    digit: int
    """Its index, for who reads the answer."""
    image: NDArray[Any]
    """(pixels,) uint8"""
    network: Network
    """Never written to."""
    epoch: float
    """Where the network stands."""
    images: NDArray[Any]
    """(n, pixels) uint8, the training digits."""
    at_once: bool
    """Whether to answer by this very network; else perhaps by one from a little before."""


@dataclass(frozen=True, eq=False)
class FoundNeighbours:
    """The answer."""

    digit: int
    """Index of the test digit."""
    neighbours: Neighbours
    """The training digits, the nearest first."""
    network: Network
    """Which finds them alike."""
    epoch: float
    """Where it stood."""


class NeighbourFinder:
    """Answers the latest question; earlier ones that it did not come to are forgotten.

    The features of all training digits (60,000 x 256 float32: 61 MB) take about a second, so they
    are kept from one question to the next, until it is closed. The BLAS has the threads that the
    run has given it (see training/pool.py): a limit of its own would be the run's too.
    """

    def __init__(self, found: Callable[[FoundNeighbours], object]) -> None:
        """Nothing is done before the first question.

        Args:
            found: called with each answer, from the thread.
        """
        self._found = found
        self._changed = Condition()
        self._question: NeighbourQuery | None = None
        self._asked = False  # and not answered
        self._thread: Thread | None = None

    def ask(self, question: NeighbourQuery) -> None:
        """Have a question answered as soon as possible, instead of all before."""
        with self._changed:
            self._question, self._asked = question, True
            if self._thread is None:
                self._thread = Thread(target=self._work, name="look-alikes", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Forget the question and the features."""
        with self._changed:
            self._question = None
            self._changed.notify()

    def _next(self) -> NeighbourQuery | None:
        """Wait for a question; None if there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._asked or self._question is None)
            self._asked = False
            if self._question is None:
                self._thread = None
            return self._question

    def _work(self) -> None:
        features, by = None, None
        pace = Pace(SHARE)
        while (question := self._next()) is not None:
            newer = by is None or question.network is not by.network
            if features is None or (newer and (question.at_once or pace.allowed)):
                features = None  # never two of them in memory
                with pace:
                    features = hidden_features(question.network, question.images)
                by = question
                if self._asked:  # by now the person is elsewhere
                    with self._changed:
                        if self._question is None:
                            continue
                        question, self._asked = self._question, False
            assert by is not None
            (query,) = hidden_features(by.network, question.image[None])
            neighbours = nearest(features, query, COUNT)
            self._found(FoundNeighbours(question.digit, neighbours, by.network, by.epoch))
