"""An exponential average of the weights (Polyak and Juditsky 1992), evaluated instead of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

DECAY = 0.999
"""Share of the average that is kept at each step: a memory of about 1,000 steps."""


def average_into(average: Array, parameters: Array, step: int, scratch: Array) -> None:
    """Move `average` (n,) towards `parameters` (n,), in place.

    Early on the memory is shorter, (1 + t) / (10 + t), so that the random initial weights are
    soon forgotten.

    Args:
        average: the running average.
        parameters: the weights after `step` steps.
        step: counts from 1.
        scratch: (n,) room to compute in.
    """
    decay = min(DECAY, (1 + step) / (10 + step))
    np.subtract(parameters, average, out=scratch)
    scratch *= 1 - decay
    average += scratch
