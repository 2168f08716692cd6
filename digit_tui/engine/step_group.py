"""Steps that a pool is told to make at once, and what they came to."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

MAX_STEPS = 64
"""Steps that are made at one order."""


class StepGroup(NamedTuple):
    """Steps to be made, in plain values."""

    epoch: int
    """From 0."""
    start: int
    """Position in the epoch of the first image."""
    loaded: int
    """How many of the first batch's images are loaded already."""
    deformed: bool
    """Whether the images are those of the block that was deformed last."""
    optimizer: str
    weight_decay: float
    clip_norm: float | None
    clip_value: float | None
    slot_steps: int
    """How many steps the update rule has made before."""
    step: int
    """How many steps the run has made before."""
    batches: tuple[tuple[int, float], ...]
    """For each step how many images, and the learning rate; at most MAX_STEPS."""


class StepSums(NamedTuple):
    """What a step's shards add up to."""

    loss: float
    """Sum over the images, in nats; known at the order's end."""
    squares: float
    """Of the gradient's elements, before clipping."""
    clipped: float
    """In how many shards the gradient was clipped."""
    correct: float
    """Images that were classified right; known at the order's end."""

    @property
    def finite(self) -> bool:
        return isfinite(self.loss) and isfinite(self.squares)


LOSS, SQUARES, CLIPPED, CORRECT = range(len(StepSums._fields))
PARTIAL_LOSS = CORRECT + 1
"""Of the loss what is known at once. The rest, logarithms of sums of exponentials of which the
largest is 1, is finite if this is."""
STOP_REQUESTED = PARTIAL_LOSS + 1
"""Whether somebody waits for the end of the order: the step is the last one then."""
COLUMNS = STOP_REQUESTED + 1
