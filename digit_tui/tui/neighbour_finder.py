"""Finds the training digits nearest to a test digit in the network's features, in a thread."""

from __future__ import annotations

from collections.abc import Callable, Hashable
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
"""The most of the time that computing features anew may take while the network trains."""


@dataclass(frozen=True, eq=False)
class NeighbourQuery:
    """Which training digits are nearest to this digit?"""

    digit: Hashable
    """Its key, repeated in the answer."""
    image: NDArray[Any]
    """(pixels,) uint8"""
    network: Network
    """Never written to."""
    epoch: float
    """The network's."""
    images: NDArray[Any]
    """(n, pixels) uint8, the training digits."""
    at_once: bool
    """Whether to answer with this very network; otherwise a slightly older one will do."""


@dataclass(frozen=True, eq=False)
class FoundNeighbours:
    """The answer to a query."""

    digit: Hashable
    """Its key, as in the query."""
    neighbours: Neighbours
    """The training digits, the nearest first."""
    network: Network
    """Whose features were compared."""
    epoch: float
    """The network's."""


@dataclass(frozen=True, eq=False)
class SearchFailed:
    """Why a query was not answered, for example because there is no memory left."""

    digit: Hashable
    """Its key, as in the query."""
    error: Exception


class NeighbourFinder:
    """Answers the latest query; earlier ones that were not answered by then are dropped.

    The features of all training digits (60,000 x 256 float32: 61 MB) take about a second, so they
    are kept from one query to the next, until it is closed. The BLAS uses the threads that the run
    has given it (see engine/worker_pool.py): a limit of its own would be the run's too.
    """

    def __init__(self, found: Callable[[FoundNeighbours | SearchFailed], object]) -> None:
        """The thread starts with the first query.

        Args:
            found: called with each answer, from the thread. After a failure the next query is
                answered as if it were the first.
        """
        self._found = found
        self._changed = Condition()
        self._query: NeighbourQuery | None = None
        self._pending = False
        self._thread: Thread | None = None

    def ask(self, query: NeighbourQuery) -> None:
        """Answer a query as soon as possible, instead of all earlier ones."""
        with self._changed:
            self._query, self._pending = query, True
            if self._thread is None:
                self._thread = Thread(target=self._work, name="neighbour-finder", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Drop the query and the features, and end the thread."""
        with self._changed:
            self._query = None
            self._changed.notify()

    def _next(self) -> NeighbourQuery | None:
        """Wait for a query; None when it was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._query is None)
            self._pending = False
            if self._query is None:
                self._thread = None
            return self._query

    def _work(self) -> None:
        features: _Features | None = None
        pace = Pace(SHARE)
        while (query := self._next()) is not None:
            try:
                newer = features is None or query.network is not features.source.network
                if features is None or (newer and (query.at_once or pace.allowed)):
                    features = None  # never two of them in memory
                    with pace:
                        features = _Features.of(query)
                    if self._pending:  # there is a later query by now
                        with self._changed:
                            if self._query is None:
                                continue
                            query, self._pending = self._query, False
                answer: FoundNeighbours | SearchFailed = features.nearest_to(query)
            except Exception as error:  # no memory, for example: the next query may find some
                features = None
                answer = SearchFailed(query.digit, error)
            self._found(answer)


@dataclass(frozen=True, eq=False)
class _Features:
    """Those of all training digits."""

    values: NDArray[Any]
    source: NeighbourQuery
    """Whose network they are of."""

    @classmethod
    def of(cls, query: NeighbourQuery) -> _Features:
        return cls(hidden_features(query.network, query.images), query)

    def nearest_to(self, query: NeighbourQuery) -> FoundNeighbours:
        source = self.source
        (feature,) = hidden_features(source.network, query.image[None])
        neighbours = nearest(self.values, feature, COUNT)
        return FoundNeighbours(query.digit, neighbours, source.network, source.epoch)
