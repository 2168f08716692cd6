"""A map of digits that keeps neighbours together: t-SNE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.projection import project

Array = NDArray[Any]

MOST = 2_000
"""Digits. Each iteration compares all with all."""
PERPLEXITY = 30.0
"""Roughly, how many neighbours of a digit count."""
ITERATIONS = 300
EARLY = 100
"""Iterations in which attraction is exaggerated, so that clusters find together."""
EXAGGERATION = 12.0
SHOWN_EVERY = 10
"""Iterations between two results."""
BLOCK = 100
"""Digits that are compared with all at once: a block stays in the processor's cache."""
HALVINGS = 30
"""Of the interval of a digit's precision: float32 has no more bits to tell."""


class Embedding(NamedTuple):
    """A map under way."""

    points: Array
    """(n, 2) float32"""
    iteration: int
    iterations: int
    """How many there will be."""


def embed(features: Array, iterations: int = ITERATIONS) -> Iterator[Embedding]:
    """Exact t-SNE (van der Maaten and Hinton 2008, JMLR 9:2579).

    It begins with the principal components, so that the map as a whole has a meaning and needs no
    random numbers (Kobak and Berens 2019, doi:10.1038/s41467-019-13056-x), with a learning rate of
    n / exaggeration (Belkina et al. 2019, doi:10.1038/s41467-019-13055-y).

    Args:
        features: (n, width) what a layer gives for each digit; at most MOST.
        iterations: how many.

    Yields:
        The first map, one every few iterations, and the last; a caller can stop after each. Only
        the first if a feature is no number, or if there are too few digits for neighbourhoods.

    Raises:
        ValueError: if there are too many digits.
    """
    count = len(features)
    if count > MOST:
        raise ValueError(f"at most {MOST:,} digits can be embedded, not {count:,}")
    start = project(features).points
    spread = start[:, 0].std()
    # Small at first, so that no pair is too far apart to move.
    points = (start * (1e-4 / spread if spread else 1)).astype(np.float32)
    if count < 4 or not np.isfinite(points).all():
        yield Embedding(points, iterations, iterations)
        return
    yield Embedding(points.copy(), 0, iterations)
    near = _joint_probabilities(features)
    rate = max(count / EXAGGERATION, 50)
    velocity = np.zeros_like(points)
    gains = np.ones_like(points)
    for iteration in range(1, iterations + 1):
        early = iteration <= EARLY
        slope = _gradient(points, near, EXAGGERATION if early else 1)
        # A step grows while it keeps its direction (Jacobs 1988, "delta-bar-delta").
        gains = np.where(slope * velocity < 0, gains + 0.2, gains * 0.8).clip(0.01)
        velocity = (0.5 if early else 0.8) * velocity - rate * gains * slope
        points += velocity
        if iteration % SHOWN_EVERY == 0 or iteration == iterations:
            yield Embedding(points.copy(), iteration, iterations)


def _joint_probabilities(features: Array) -> Array:
    """(n, n) float32: how much two digits are neighbours, before the map; they sum to 1.

    Around each digit a Gaussian that gives the perplexity is found by halving an interval.
    """
    count = len(features)
    entropy = np.log(min(PERPLEXITY, (count - 1) / 3))
    centred = features.astype(np.float64)
    centred -= centred.mean(axis=0)
    centred /= np.abs(centred).max() or 1  # the squares fit, and no unit of length matters
    squares = np.square(centred).sum(axis=1)
    conditional = np.empty((count, count), np.float32)
    for begin in range(0, count, BLOCK):
        rows = slice(begin, begin + BLOCK)
        distances = squares[rows, None] + squares - 2 * centred[rows] @ centred.T
        own = np.arange(len(distances))
        distances[own, begin + own] = np.inf  # nobody is a neighbour of oneself
        conditional[rows] = _gaussians(distances, entropy)
    joint: Array = conditional + conditional.T
    joint /= joint.sum(dtype=np.float64)
    return joint


def _gaussians(distances: Array, entropy: float) -> Array:
    """(rows, n) probabilities that fall with the squared distance, each row with this entropy."""
    distances = distances - distances.min(axis=1, keepdims=True)  # the nearest has exp(0)
    finite = np.isfinite(distances)
    zeroed = np.where(finite, distances, 0)
    scale = zeroed.sum(axis=1, keepdims=True) / (distances.shape[1] - 1)
    scale[scale == 0] = 1
    low = np.full((len(distances), 1), np.log(1e-3))
    high = np.full((len(distances), 1), np.log(1e6))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        precision = np.exp(middle) / scale
        weights = np.exp(-precision * zeroed) * finite
        total = weights.sum(axis=1, keepdims=True)
        reached = np.log(total) + precision * (weights * zeroed).sum(axis=1, keepdims=True) / total
        narrower = reached > entropy
        low, high = np.where(narrower, middle, low), np.where(narrower, high, middle)
    probabilities: Array = weights / total
    return probabilities


def _gradient(points: Array, near: Array, exaggeration: float) -> Array:
    """(n, 2) of the Kullback-Leibler divergence of the map (van der Maaten and Hinton, eq. 5)."""
    count = len(points)
    squares = np.square(points).sum(axis=1, keepdims=True)
    ones = np.ones_like(squares)
    # Products of these are 1 + squared distances.
    left = np.concatenate([-2 * points, squares + 1, ones], axis=1)
    right = np.concatenate([points, ones, squares], axis=1).T
    sides = np.concatenate([points, ones], axis=1)
    attraction, repulsion = np.empty((2, count, 3), np.float32)
    total = -float(count)  # each with itself, which does not count
    room = np.empty((BLOCK, count), np.float32)
    pull_room = np.empty((BLOCK, count), np.float32)
    for begin in range(0, count, BLOCK):
        rows = slice(begin, begin + BLOCK)
        kernel = np.matmul(left[rows], right, out=room[: len(left[rows])])
        np.reciprocal(kernel, out=kernel)  # Student's t
        pull = np.multiply(near[rows], kernel, out=pull_room[: len(kernel)])
        np.matmul(pull, sides, out=attraction[rows])
        total += float(kernel.sum())
        np.square(kernel, out=kernel)
        np.matmul(kernel, sides, out=repulsion[rows])
    attraction *= exaggeration
    attraction -= repulsion / np.float32(total)
    # Sums over j of w_ij * (y_i - y_j).
    gradient: Array = 4 * (attraction[:, 2:] * points - attraction[:, :2])
    return gradient
