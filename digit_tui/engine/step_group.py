"""A group of steps that the pool makes in one request, and their results."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from digit_tui.nn.optimizers import Scalars
from digit_tui.nn.optimizers.rule import MOST_SUMS

MAX_STEPS = 64
"""In a group."""


class StepGroup(NamedTuple):
    """Steps to make, in plain values."""

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
    """How many steps the update rule made before."""
    removed: bool
    """Whether parameters are removed: their gradient is taken for 0."""
    step: int
    """How many steps the run made before."""
    batches: tuple[tuple[int, float], ...]
    """For each step how many images, and the learning rate; at most MAX_STEPS."""
    sam: float = 0.0
    scalars: Scalars = ()
    """What the update rule remembers beside its slots."""


class StepSums(NamedTuple):
    """Sums over the workers, of one step."""

    loss: float
    """Sum over the images, in nats; known at the end of the group."""
    squares: float
    """Of the gradient's elements, before clipping."""
    clipped: float
    """How many workers have clipped their part of the gradient."""
    correct: float
    """Images that were classified right; known at the end of the group."""

    @property
    def finite(self) -> bool:
        return isfinite(self.loss) and isfinite(self.squares)


# Columns of the sums that the workers share.
LOSS, SQUARES, CLIPPED, CORRECT = range(len(StepSums._fields))
PARTIAL_LOSS = CORRECT + 1
"""The part of the loss that is known at once. The rest, logarithms of sums of exponentials whose
largest is 1, is finite if this is."""
STOP_REQUESTED = PARTIAL_LOSS + 1
"""Whether a command waits for the end of the group: this step is then the last one."""
UPDATE = STOP_REQUESTED + 1
"""The first of the sums that an update rule needs."""
COLUMNS = UPDATE + MOST_SUMS
