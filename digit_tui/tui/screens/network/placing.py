"""Where digits lie on a map of the last hidden layer. Computed in a thread."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.embedding import MOST, Embedding, embed
from digit_tui.insight.neighbours import hidden_features
from digit_tui.insight.projection import align, project
from digit_tui.tui.screens.network.page import Look


class FoundMap(NamedTuple):
    """Digits with their places."""

    look: Look
    digits: NDArray[np.intp]
    """(m,) which ones of the split."""
    points: NDArray[np.float64]
    """(m, 2)"""
    method: str
    """How they were placed, in words."""


class Neighbourhood:
    """A map by t-SNE that is asked for.

    Attributes:
        digit: of the split, one that must be on it.
        stop: set when it is not wanted any more.
        found: what came of it; None before it is complete.
    """

    def __init__(self, digit: int) -> None:
        self.digit = digit
        self.stop = Event()
        self.found: FoundMap | None = None


class Placing:
    """Places digits by what they are to the network, as near as can be to where they were.

    Distances are those of the directions of the layer's outputs, as for the nearest training digits
    of an explanation.
    """

    def __init__(self) -> None:
        self._before: FoundMap | None = None

    def by_components(self, look: Look) -> FoundMap:
        """All digits, by the two principal components."""
        features = hidden_features(look.evaluated.network, look.images)
        digits = np.arange(len(features))
        projection = project(features, self._places_before(look, digits))
        share = projection.shares.sum()
        method = f"PCA: {share:.0%} of the variance" if np.isfinite(share) else "PCA"
        found = FoundMap(look, digits, projection.points, method)
        if np.isfinite(projection.points).all():
            self._before = found
        return found

    def by_neighbourhood(
        self, look: Look, asked: Neighbourhood, tell: Callable[[FoundMap, Embedding], object]
    ) -> FoundMap | None:
        """Digits by t-SNE: all, or as many as take a few seconds; None if it was stopped.

        Args:
            look: the network and the digits, unless they were placed before.
            asked: what is asked for.
            tell: called with a map under way, and how far it is.
        """
        if asked.found is not None and asked.found.look.digits == look.digits:
            return asked.found
        count = len(look.images)
        digits = np.arange(count)
        if count > MOST:
            spread = np.linspace(0, count - 1, MOST - 1).astype(np.intp)
            digits = np.union1d(spread, [min(asked.digit, count - 1)])
        before = self._places_before(look, digits)
        asked.found = None
        for each in embed(hidden_features(look.evaluated.network, look.images[digits])):
            if asked.stop.is_set():
                return None
            points = each.points.astype(np.float64)
            if before is not None:
                points = align(points - points.mean(axis=0), before)
            found = FoundMap(look, digits, points, "t-SNE, {map_stop} stops")
            tell(found, each)
        done = f"t-SNE at epoch {look.evaluated.epoch:.4g}: {len(digits):,} digits"
        asked.found = found._replace(method=done)
        return asked.found

    def _places_before(self, look: Look, digits: NDArray[np.intp]) -> NDArray[np.float64] | None:
        """(m, 2) where these digits were on the last map by components, if they were on one."""
        before = self._before
        if before is None or before.look.digits != look.digits:
            return None
        places: NDArray[np.float64] = before.points[digits]
        return places
