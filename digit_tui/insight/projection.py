"""A map of digits: what a layer makes of them, in two dimensions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Projection(NamedTuple):
    """Digits as points on a map."""

    points: Array
    """(n, 2) float64, their mean is 0; NaN if an activation is no number."""
    shares: Array
    """(2,) float64, the share of the variance along each axis, of that in all dimensions."""


def project(features: Array, before: Array | None = None) -> Projection:
    """Principal components analysis to two dimensions (Pearson 1901), by the covariance matrix.

    Args:
        features: (n, width) what a layer gives for each digit.
        before: (n, 2) the map of the same digits shown before, which this one is turned to fit.
    """
    centred = features.astype(np.float64)  # the squares of large numbers still fit
    with np.errstate(all="ignore"):
        centred -= centred.mean(axis=0)
        covariance = centred.T @ centred
    if not np.isfinite(covariance).all():
        return Projection(np.full((len(features), 2), np.nan), np.full(2, np.nan))
    axes = np.zeros((features.shape[1], 2))  # of a layer of one unit the second stays zero
    found = np.linalg.eigh(covariance).eigenvectors[:, :-3:-1]  # the largest eigenvalue first
    axes[:, : found.shape[1]] = found
    points = centred @ axes
    if before is not None:
        points = align(points, before)
    total = covariance.trace()
    shares = np.square(points).sum(axis=0) / total if total else np.zeros(2)
    return Projection(points, shares)


def align(points: Array, before: Array) -> Array:
    """Turn and flip a map so that its points are as near as can be to where they were.

    The orthogonal Procrustes problem (Schönemann 1966, doi:10.1007/BF02289451). Choosing only signs
    and order of the axes would not do: while a network learns, two axes of about the same variance
    turn in their plane.

    Args:
        points: (n, 2), with a mean of 0.
        before: (n, 2) the same digits; without effect if they are no numbers.
    """
    product = points.T @ before
    if not np.isfinite(product).all():
        return points
    left, _, right = np.linalg.svd(product)
    aligned: Array = points @ (left @ right)
    return aligned
