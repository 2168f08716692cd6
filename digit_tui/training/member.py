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
    GradientPass,
    Hyperparameters,
    Network,
    average_into,
    clip_by_global_norm,
    clip_by_value,
    cut,
    deform,
    draw_deformation,
    evaluate,
    part_of,
    scale_pixels,
    sum_of_squares,
    update,
)
from digit_tui.nn.optimizers import LONGEST_BLOCK, Block
from digit_tui.nn.propagation import Allocate
from digit_tui.training.memory import Memory
from digit_tui.training.state import Vectors
from digit_tui.training.streams import stream

Array = NDArray[Any]

BLOCK = 4_096
"""Images that are gathered, deformed or evaluated together."""
MOST_STEPS = 32
"""Steps that are made at one order."""


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


class ImageBlock(NamedTuple):
    """Room for the images that are gathered and deformed together."""

    originals: Array
    """(BLOCK, pixels) uint8, before they are deformed."""
    images: Array
    """(BLOCK, pixels) uint8, ready to be learned from."""
    labels: Array
    """(BLOCK,) uint8"""

    @classmethod
    def make(cls, pixels: int, allocate: Allocate) -> ImageBlock:
        return cls(
            allocate((BLOCK, pixels), np.uint8),
            allocate((BLOCK, pixels), np.uint8),
            allocate((BLOCK,), np.uint8),
        )


class StepJob(NamedTuple):
    """One step, in plain values."""

    images: int
    """In the batch."""
    at: int
    """Images that were loaded before; the others are loaded now, ..."""
    row: int
    """... from this row of the block on."""
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


class Stretch(NamedTuple):
    """Neighbours in the flat vectors that one member moves: views, made once."""

    parameters: Array
    average: Array | None
    gradient: Array
    blocks: list[list[Block]]
    """For a rule with no slots, with one, ..."""

    @classmethod
    def of(cls, vectors: Vectors, gradient: Array, own: slice, scratch: Array) -> Stretch:
        parameters, average, slots = vectors
        parameters, gradient, slots = parameters[own], gradient[own], slots[:, own]
        counts = range(len(slots) + 1)
        return cls(
            parameters,
            None if average is None else average[own],
            gradient,
            [cut(parameters, gradient, slots[:count], scratch) for count in counts],
        )


class Member:
    """One of a team.

    Attributes:
        tested: (BLOCK, pixels) uint8, images to be evaluated, and `tested_labels` (BLOCK,) uint8.
        probabilities: (BLOCK, classes) float32, and `losses` (BLOCK,) float32, of an evaluation.
    """

    def __init__(
        self,
        plan: Plan,
        vectors: Vectors,
        block: ImageBlock,
        allocate: Allocate,
        index: int,
        meet: Callable[[], None],
    ) -> None:
        """Make what the members share, in the same order for each.

        Args:
            plan: what is trained.
            vectors: the run's, moved in place.
            block: where the images of batches are.
            allocate: makes the arrays that the members share.
            index: which member this is, from 0.
            meet: returns when all members have called it.
        """
        self._plan = plan
        self._index = index
        self._meet = meet
        self._block = block
        network = Network(plan.sizes, vectors.parameters)
        evaluated = vectors.parameters if vectors.average is None else vectors.average
        self._evaluated_network = Network(plan.sizes, evaluated)
        self._pass = GradientPass(network, plan.batch_size, allocate, plan.members)
        self._share = self._pass.shares[index]

        pixels, classes = plan.sizes[0], plan.sizes[-1]
        self.tested: Array = allocate((BLOCK, pixels), np.uint8)
        self.tested_labels: Array = allocate((BLOCK,), np.uint8)
        self.probabilities: Array = allocate((BLOCK, classes), np.float32)
        self.losses: Array = allocate((BLOCK,), np.float32)
        self._sums: Array = allocate((MOST_STEPS, plan.members, len(StepSums._fields)), np.float64)
        # What no other member looks at.
        take = Memory().take
        self._inputs = take(
            (plan.batch_size, self._share.pixels.stop - self._share.pixels.start), np.float32
        )
        self._labels = take((plan.batch_size,), np.intp)
        scratch = take((LONGEST_BLOCK,), np.float32)
        self._stretches = [
            Stretch.of(vectors, self._pass.gradient, own, scratch) for own in self._share.stretches
        ]

    def sums(self, steps: slice) -> list[StepSums]:
        """Over the shares of all members, in their order, for steps of the last order."""
        return [StepSums(*each) for each in self._sums[steps].sum(axis=1).tolist()]

    def deform(self, count: int, augment: str, epoch: int, block: int) -> None:
        """Deform the block's originals.

        Args:
            count: how many images there are.
            augment: a key of AUGMENTATIONS, not "none".
            epoch: counts from 0.
            block: which one of the epoch.
        """
        generator = stream(self._plan.seed, "augment", epoch, block)
        deformation = draw_deformation(augment, generator, self._plan.side)
        assert deformation is not None
        originals, images = self._block.originals[:count], self._block.images[:count]
        deform(originals, deformation, images, self._index, self._plan.members)

    def load(self, at: int, row: int, images: int) -> None:
        """Load a piece of a batch, this member's pixels of each image.

        Args:
            at: which image of the batch is the piece's first.
            row: where that one is in the block.
            images: in the piece.
        """
        into, rows = slice(at, at + images), slice(row, row + images)
        scale_pixels(self._block.images[rows, self._share.pixels], self._inputs[into])
        self._labels[into] = self._block.labels[rows]

    def evaluate(self, count: int) -> None:
        """Classify `tested` with the averaged weights, where there are any, else the latest."""
        rows = part_of(count, self._index, self._plan.members)
        found = evaluate(self._evaluated_network, self.tested[rows], self.tested_labels[rows])
        self.probabilities[rows] = found.probabilities
        self.losses[rows] = found.losses

    def steps(self, *jobs: tuple[Any, ...]) -> None:
        """Make steps, up to one whose loss or gradient is not finite: that one changes nothing.

        Args:
            jobs: up to MOST_STEPS of StepJob, in plain values.
        """
        with np.errstate(all="ignore"):  # what is not finite is found here
            # Nobody waits until all have moved their shares: until the next step's first meeting
            # a member looks at nothing but its pixels and their weights, which only it moves.
            for number, values in enumerate(jobs):
                if not self._step(number, StepJob(*values)):
                    break

    def _step(self, number: int, job: StepJob) -> bool:
        """Make one step, unless its loss or gradient is not finite; returns whether it was made."""
        inputs, labels = self._inputs[: job.images], self._labels[: job.images]
        part = self._pass.part(job.images, self._index)
        self.load(job.at, job.row, job.images - job.at)
        part.multiply(inputs)
        self._meet()
        loss, correct = part.propagate(labels)
        self._meet()
        part.differentiate(inputs)
        squares = sum(sum_of_squares(own.gradient) for own in self._stretches)
        self._sums[number, self._index] = loss, correct, squares, 0.0
        self._meet()
        (sums,) = self.sums(slice(number, number + 1))
        if sums.finite:
            # Others may still be adding up the sums, but nobody looks at this one before the end.
            self._sums[number, self._index, -1] = self._move(job, sqrt(sums.squares))
        return sums.finite

    def _move(self, job: StepJob, norm: float) -> bool:
        """Clip, update and average this member's share of the vectors.

        Args:
            job: the step.
            norm: of the whole gradient.

        Returns:
            Whether it was clipped.
        """
        clipped = False
        rule, hyper = RULES[job.optimizer], Hyperparameters(weight_decay=job.weight_decay)
        for own in self._stretches:
            if job.clip_norm is not None:
                clipped |= clip_by_global_norm(own.gradient, norm, job.clip_norm)
            elif job.clip_value is not None:
                clipped |= clip_by_value(own.gradient, job.clip_value)
            blocks = own.blocks[rule.slots]
            update(rule, blocks, job.slot_steps, job.learning_rate, hyper)
            if own.average is not None:
                # The gradient is spent, so its vector serves as scratch.
                average_into(own.average, own.parameters, job.step, own.gradient)
        return clipped
