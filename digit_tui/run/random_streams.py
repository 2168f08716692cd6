"""Random streams, one for each purpose and place, so that no draw depends on earlier draws."""

from __future__ import annotations

from typing import Literal

import numpy as np

Purpose = Literal[
    "weights", "shuffle", "augment", "validation", "gradient check", "teach", "range test"
]

_NUMBERS: dict[Purpose, int] = {
    "weights": 1,
    "shuffle": 2,
    "augment": 3,
    "validation": 4,
    "gradient check": 5,
    "teach": 6,
    "range test": 7,
}


def stream(seed: int, purpose: Purpose, *index: int) -> np.random.Generator:
    """The random generator for one purpose at one place of the run, such as an epoch.

    Args:
        seed: the run's.
        purpose: what is drawn.
        index: the place in the run, as non-negative integers: for example the epoch.
    """
    return np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(_NUMBERS[purpose], *index))
    )
