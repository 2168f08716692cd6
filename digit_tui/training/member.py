"""What each member of a team does: its share of a deformation, of a step, of an evaluation.

All members run the same lines on the same arrays and write to shares of their own; where one
needs what another wrote, they meet. What they compute depends on their number alone, not on who
is faster, nor on whether they are processes of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import (
    RULES,
    Deformation,
    GradientPass,
    Hyperparameters,
    Network,
    average_into,
    clip_by_global_norm,
    clip_by_value,
    deform,
    draw_deformation,
    evaluate,
    part_of,
    scale_pixels,
    sum_of_squares,
    update,
)
from digit_tui.nn.optimizers import BLOCK as UPDATE_BLOCK
from digit_tui.nn.propagation import Allocate
from digit_tui.training.state import Vectors
from digit_tui.training.streams import stream

Array = NDArray[Any]

BLOCK = 4_096
"""Images that are gathered, deformed or evaluated together."""


def deformation_of(seed: int, augment: str, epoch: int, block: int, side: int) -> Deformation:
    """How a run deforms one block of an epoch; `augment` is not "none"."""
    deformation = draw_deformation(augment, stream(seed, "augment", epoch, block), side)
    assert deformation is not None
    return deformation


@dataclass(frozen=True)
class Plan:
    """What the members know before the first job."""

    sizes: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    side: int
    average: bool
    seed: int
    batch_size: int
    members: int


class StepJob(NamedTuple):
    """One step, in plain values."""

    images: int
    """In the batch."""
    optimizer: str
    learning_rate: float
    weight_decay: float
    clip_norm: float | None
    clip_value: float | None
    slot_steps: int
    """How many steps the update rule has made, this one included."""
    step: int
    """The run's, this one included."""


class StepSums(NamedTuple):
    """What a step's shares add up to."""

    loss: float
    """Sum over the images, in nats."""
    correct: float
    squares: float
    """Of the gradient's elements, before clipping."""
    clipped: float
    """In how many shares the gradient was clipped."""

    @property
    def finite(self) -> bool:
        return isfinite(self.loss) and isfinite(self.squares)


class Member:
    """One of a team.

    Attributes:
        originals: (BLOCK, pixels) uint8, images to be deformed; `deformed`, the same, the result.
        tested: (BLOCK, pixels) uint8, images to be evaluated, and `tested_labels` (BLOCK,) uint8.
        pixels: (batch size, pixels) uint8, the batch, and `labels` (batch size,) intp.
        probabilities: (BLOCK, classes) float32, and `losses` (BLOCK,) float32, of an evaluation.
    """

    def __init__(
        self,
        plan: Plan,
        vectors: Vectors,
        allocate: Allocate,
        index: int,
        meet: Callable[[], None],
    ) -> None:
        """Make what the members share, in the same order for each.

        Args:
            plan: what is trained.
            vectors: the run's, moved in place.
            allocate: makes the arrays that the members share.
            index: which member this is, from 0.
            meet: returns when all members have called it.
        """
        self._plan = plan
        self._index = index
        self._meet = meet
        self._parameters, self._average, self._slots = vectors
        network = Network(plan.sizes, self._parameters)
        evaluated = self._parameters if self._average is None else self._average
        self._evaluated_network = Network(plan.sizes, evaluated)
        self._pass = GradientPass(network, plan.batch_size, allocate, plan.members)

        pixels, classes = plan.sizes[0], plan.sizes[-1]
        self.originals: Array = allocate((BLOCK, pixels), np.uint8)
        self.deformed: Array = allocate((BLOCK, pixels), np.uint8)
        self.tested: Array = allocate((BLOCK, pixels), np.uint8)
        self.tested_labels: Array = allocate((BLOCK,), np.uint8)
        self.pixels: Array = allocate((plan.batch_size, pixels), np.uint8)
        self._inputs: Array = allocate((plan.batch_size, pixels), np.float32)
        self.labels: Array = allocate((plan.batch_size,), np.intp)
        self.probabilities: Array = allocate((BLOCK, classes), np.float32)
        self.losses: Array = allocate((BLOCK,), np.float32)
        self._sums: Array = allocate((plan.members, len(StepSums._fields)), np.float64)
        self._own = self._pass.shares[index]
        length = self._own.stop - self._own.start
        self._scratch: Array = np.empty(min(UPDATE_BLOCK, length), np.float32)

    def sums(self) -> StepSums:
        """Over the shares of all members, in their order."""
        return StepSums(*self._sums.sum(axis=0).tolist())

    def deform(self, count: int, augment: str, epoch: int, block: int) -> None:
        """Deform `originals` into `deformed`.

        Args:
            count: how many images there are.
            augment: a key of AUGMENTATIONS, not "none".
            epoch: counts from 0.
            block: which one of the epoch.
        """
        deformation = deformation_of(self._plan.seed, augment, epoch, block, self._plan.side)
        out = self.deformed[:count]
        deform(self.originals[:count], deformation, out, self._index, self._plan.members)

    def evaluate(self, count: int) -> None:
        """Classify `tested` with the averaged weights, where there are any, else the latest."""
        rows = part_of(count, self._index, self._plan.members)
        found = evaluate(self._evaluated_network, self.tested[rows], self.tested_labels[rows])
        self.probabilities[rows] = found.probabilities
        self.losses[rows] = found.losses

    def step(self, *values: Any) -> None:
        """Make one step, a StepJob; nothing changes if loss or gradient is not finite."""
        job = StepJob(*values)
        inputs, labels = self._inputs[: job.images], self.labels[: job.images]
        own = part_of(job.images, self._index, self._plan.members)
        scale_pixels(self.pixels[own], inputs[own])
        with np.errstate(all="ignore"):  # what is not finite is found here
            loss, correct = self._pass.errors(inputs, labels, self._index)
            self._meet()
            squares = sum_of_squares(self._pass.gradients(inputs, self._index))
            self._sums[self._index] = loss, correct, squares, 0.0
            self._meet()
            sums = self.sums()
            if sums.finite:
                self._move(job, sqrt(sums.squares))

    def _move(self, job: StepJob, norm: float) -> None:
        """Clip, update and average this member's share of the vectors."""
        own = self._own
        parameters, gradient = self._parameters[own], self._pass.gradient[own]
        clipped = False
        if job.clip_norm is not None:
            clipped = clip_by_global_norm(gradient, norm, job.clip_norm)
        elif job.clip_value is not None:
            clipped = clip_by_value(gradient, job.clip_value)
        # Others may still be adding up the sums, but nobody looks at this one before the end.
        self._sums[self._index, -1] = clipped
        rule = RULES[job.optimizer]
        update(
            rule,
            parameters,
            gradient,
            self._slots[: rule.slots, own],
            job.slot_steps,
            job.learning_rate,
            Hyperparameters(weight_decay=job.weight_decay),
            self._scratch,
        )
        if self._average is not None:
            # The gradient is spent, so its vector serves as scratch.
            average_into(self._average[own], parameters, job.step, gradient)
