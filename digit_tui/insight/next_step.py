"""What the next step of training would do to a network, without doing it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Network, batch_gradient, clip, global_norm
from digit_tui.nn.optimizer import Optimizer
from digit_tui.nn.optimizers import Scalars
from digit_tui.nn.sharpness import ascend

Array = NDArray[Any]

BATCH = 512
"""Training images whose gradient is looked at: the first ones, always the same, so that gradients
of different moments of a run can be compared."""


class NextStep(NamedTuple):
    """A step that was computed, but not made. Both are laid out as the parameters are."""

    gradient: Array
    """(n,) the mean gradient over the batch, before clipping and weight decay."""
    update: Array
    """(n,) what would be added to the parameters."""


def next_step(
    network: Network,
    images: Array,
    labels: Array,
    *,
    optimizer: str,
    slots: Array,
    slot_steps: int,
    scalars: Scalars = (),
    learning_rate: float,
    weight_decay: float = 0.0,
    sam: float = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    removed: Array | None = None,
) -> NextStep:
    """The gradient of a batch, and what the optimizer would make of it; changes nothing.

    Args:
        network: with its latest weights.
        images: (at least 1, pixels) uint8, the training images as they are; the first `BATCH` of
            them are the batch.
        labels: their classes.
        optimizer: a name in `RULES`.
        slots: (slots, n) the optimizer's memory; may be (0, n) while it is all zeros.
        slot_steps: how many steps it remembers.
        scalars: the single numbers that it remembers.
        learning_rate: of the step.
        weight_decay: strength of the pull towards zero.
        sam: radius of sharpness-aware minimisation; 0 is none.
        clip_norm: the largest norm of the gradient; None does not clip by norm.
        clip_value: the largest size of one of its elements, if `clip_norm` is None.
        removed: (n,) bool, parameters that are 0 and stay so; they have no gradient.
    """

    def gradient_of(parameters: Network) -> Array:
        found = batch_gradient(parameters, images[:BATCH], labels[:BATCH])
        if removed is not None:
            found[removed] = 0
        return found

    gradient = gradient_of(network)
    moved, spent = network.copy(), gradient.copy()
    trained_by = Optimizer(optimizer, moved, spent, weight_decay, removed)
    trained_by.remember(slots, slot_steps, scalars)
    with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
        if sam:
            ascended = network.copy()
            ascend(ascended.parameters, spent, global_norm(gradient), sam)
            spent[:] = gradient_of(ascended)
        clip(spent, global_norm(spent), clip_norm, clip_value)
        trained_by.step(learning_rate)
        moved.parameters -= network.parameters
    return NextStep(gradient, moved.parameters)
