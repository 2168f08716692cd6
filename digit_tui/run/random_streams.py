"""Random streams. Each has a key of its own, so that no draw depends on how many came before."""

from __future__ import annotations

from typing import Literal

import numpy as np

Purpose = Literal["weights", "shuffle", "augment", "validation"]

_NUMBERS: dict[Purpose, int] = {"weights": 1, "shuffle": 2, "augment": 3, "validation": 4}


def stream(seed: int, purpose: Purpose, *index: int) -> np.random.Generator:
    """The generator for one purpose at one place of the run, such as an epoch.

    Args:
        seed: the run's.
        purpose: what is drawn.
        index: where in the run, as non-negative numbers.
    """
    return np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(_NUMBERS[purpose], *index))
    )
