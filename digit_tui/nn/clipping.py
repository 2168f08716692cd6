"""Gradient clipping (Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063), in place."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sum_of_squares(gradients: Array) -> float:
    """Of a gradient vector (n,), or a piece of one.

    NumPy may warn of an overflow, which is mended here.
    """
    squares = float(np.dot(gradients, gradients))
    if isfinite(squares):
        return squares
    # Squares overflow float32 long before the gradient does.
    wide = gradients.astype(np.float64)
    return float(np.dot(wide, wide))


def global_norm(gradients: Array) -> float:
    """The Euclidean norm of a whole gradient vector (n,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return sqrt(sum_of_squares(gradients))


def clip_by_global_norm(gradients: Array, norm: float, limit: float) -> bool:
    """Shrink a gradient (n,) whose global norm is `norm` to the norm `limit`, if it is longer.

    Returns:
        Whether it was longer. A NaN is never longer, and stays.
    """
    if norm > limit:
        gradients *= limit / (norm + 1e-6)  # as PyTorch divides
        return True
    return False


def clip_by_value(gradients: Array, limit: float) -> bool:
    """Bound each element of a gradient (n,) to [-limit, limit].

    Returns:
        Whether any element was outside. A NaN is not, and stays.
    """
    outside = bool(gradients.size and (gradients.max() > limit or gradients.min() < -limit))
    np.clip(gradients, -limit, limit, out=gradients)
    return outside


def clip(gradients: Array, norm: float, clip_norm: float | None, clip_value: float | None) -> bool:
    """Clip a gradient (n,), or a piece of one, as a run's settings say.

    Args:
        gradients: to be clipped.
        norm: the global norm of the whole gradient.
        clip_norm: its largest norm; None does not clip by norm.
        clip_value: the largest size of an element, if `clip_norm` is None.

    Returns:
        Whether anything was clipped.
    """
    if clip_norm is not None:
        return clip_by_global_norm(gradients, norm, clip_norm)
    return clip_value is not None and clip_by_value(gradients, clip_value)
