"""Sharpness-aware minimisation: the gradient is taken where the loss close by is highest."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

SMALLEST = 1e-12
"""Added to the gradient's norm, which may be 0."""


def ascend(parameters: Array, gradient: Array, norm: float, rho: float) -> None:
    """Go up the gradient by the distance rho, in place: p + rho g / |g|.

    SAM (Foret et al. 2021, arXiv:2010.01412), equation 2. The gradient there takes the place of the
    one at p, and the step is made from p.

    Args:
        parameters: (n,) or a piece of them.
        gradient: likewise, at these parameters; it is overwritten.
        norm: of the whole gradient.
        rho: how far.
    """
    gradient *= rho / (norm + SMALLEST)
    parameters += gradient
