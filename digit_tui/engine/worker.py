"""What each worker of a pool does: its share of a deformation, of a step, of an evaluation.

All workers run the same code on the same arrays, and each writes to places of its own. Where one
needs what another wrote, all must first have come so far: there its job yields. What they compute
depends on how many workers there are, but neither on which is faster nor on their processes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.engine.batches import BLOCK, Batches
from digit_tui.engine.parameter_span import ParameterSpan
from digit_tui.engine.shared_memory import Arena
from digit_tui.engine.shared_sums import SharedSums
from digit_tui.engine.step_group import (
    CLIPPED,
    CORRECT,
    LOSS,
    PARTIAL_LOSS,
    SQUARES,
    STOP_REQUESTED,
    StepGroup,
    StepSums,
)
from digit_tui.engine.worker_spec import WorkerSpec
from digit_tui.nn import (
    RULES,
    GradientPass,
    Hyperparameters,
    Network,
    Outcomes,
    SoftTargets,
    average_into,
    clip,
    evaluate,
    split_range,
)
from digit_tui.nn.inputs import InputBuffer, Inputs
from digit_tui.nn.network import Allocate
from digit_tui.nn.optimizers import LONGEST_BLOCK, Block, HiddenMatrix, Scalars, update_share
from digit_tui.nn.propagation import ShardPass
from digit_tui.nn.sharpness import ascend
from digit_tui.run.state import Vectors

Array = NDArray[Any]


class Worker:
    """One of the workers of a pool.

    Attributes:
        tested: (BLOCK, pixels) uint8, images to be evaluated, and `tested_labels` (BLOCK,) uint8.
        probabilities: (BLOCK, classes) float32, and `losses` (BLOCK,) float32, of an evaluation.
        steps_summed: of how many steps of the last group there are sums.
        scalars: the update rule's, after the last step.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        vectors: Vectors,
        kept: Array,
        batches: Batches,
        allocate: Allocate,
        index: int,
        command_waiting: Callable[[], bool] = lambda: False,
    ) -> None:
        """Allocate what the workers share: each must do so in the same order.

        Args:
            spec: what is trained.
            vectors: the run's, updated in place.
            kept: see WorkerPool.
            batches: of the training data.
            allocate: makes the arrays that the workers share.
            index: which worker this is, from 0.
            command_waiting: whether a command waits for the end of a group; only that of worker 0
                counts.
        """
        self._spec = spec
        self._index = index
        self._command_waiting = command_waiting
        self._batches = batches
        self.steps_summed = 0
        network = Network(spec.sizes, vectors.parameters)
        self._vectors, self._kept = vectors, kept
        allocate_own = Arena().allocate  # for what no other worker reads
        self._pass = GradientPass(network, spec.batch_size, allocate, spec.workers, allocate_own)
        pixels, classes = spec.sizes[0], spec.sizes[-1]
        self.tested: Array = allocate((BLOCK, pixels), np.uint8)
        self.tested_labels: Array = allocate((BLOCK,), np.uint8)
        self.probabilities: Array = allocate((BLOCK, classes), np.float32)
        self.losses: Array = allocate((BLOCK,), np.float32)
        self._sums = SharedSums(allocate, spec.workers, index)
        shard = self._pass.shards[index]
        self._inputs = InputBuffer(shard.inputs, pixels, spec.batch_size, np.float32, allocate_own)
        # Of a batch, what a teacher says of its images.
        self._targets: Array | None = None
        if spec.teacher:
            self._targets = allocate_own((spec.batch_size, classes), np.float32)
        scratch = allocate_own((LONGEST_BLOCK,), np.float32)
        self._spans = [
            ParameterSpan.of(vectors, kept, self._pass.gradient, own, scratch)
            for own in shard.spans
        ]
        self._prepared: dict[tuple[str, bool], tuple[list[Block], list[HiddenMatrix]]] = {}
        self.scalars: Scalars = ()

    def sums(self, steps: slice) -> list[StepSums]:
        """The sums over all workers, for steps of the last group."""
        return self._sums.of_steps(steps)

    def deform(self, epoch: int, block: int, augment: str) -> None:
        """Make this worker's part of a block of deformed images; see Batches."""
        self._batches.deform(epoch, block, augment, self._index, self._spec.workers)

    def ask_teacher(self, deformed: bool, start: int, stop: int) -> None:
        """Do this worker's part of asking the teacher; see Batches."""
        self._batches.ask_teacher(deformed, start, stop, self._index, self._spec.workers)

    def load(self, start: int, at: int, images: int) -> None:
        """Load some images of a batch from the block that was deformed last.

        Args:
            start: position in the epoch of the first one.
            at: its index in the batch.
            images: how many.
        """
        self._inputs.load(self._batches.deformed(start, images, self._inputs.pixels), at)
        if self._targets is not None:
            self._targets[at : at + images] = self._batches.deformed_targets(start, images)

    def inputs(self, number: int, group: StepGroup, start: int) -> Inputs:
        """This worker's inputs of a batch.

        Args:
            number: index of the batch in the group.
            group: the steps under way.
            start: position in the epoch of the first image.
        """
        images, _ = group.batches[number]
        if group.deformed:
            loaded = 0 if number else group.loaded
            self.load(start + loaded, loaded, images - loaded)
            return self._inputs.loaded(images)  # of 128 images four pixels in five are inked
        if self._targets is not None:
            self._targets[:images] = self._batches.original_targets(group.epoch, start, images)
        own = self._inputs.pixels
        return self._inputs.without_blanks(self._batches.originals(group.epoch, start, images, own))

    def evaluate(self, count: int, slot: int | None) -> None:
        """Classify `tested`.

        Args:
            count: how many images it has.
            slot: see `Vectors.evaluated`.
        """
        rows = split_range(count, self._index, self._spec.workers)
        network = Network(self._spec.sizes, self._vectors.evaluated(slot))
        found = evaluate(network, self.tested[rows], self.tested_labels[rows])
        self.probabilities[rows] = found.probabilities
        self.losses[rows] = found.losses

    def steps(self, *values: Any) -> Iterator[None]:
        """Make steps, up to one whose loss or gradient is not finite: that one changes nothing.

        It makes fewer than the group has if a command waits; see `steps_summed`. Numbers that are
        not finite are found here: NumPy need not warn of them.

        Args:
            values: a StepGroup's.

        Yields:
            Where all workers must have come before any of them goes on.
        """
        group = StepGroup(*values)
        self.scalars = group.scalars
        own = [split_range(images, self._index, self._spec.workers) for images, _ in group.batches]
        counts = [rows.stop - rows.start for rows in own]
        outcomes = Outcomes(sum(counts), self._spec.sizes[-1], np.float32)
        # Nobody waits after the update: up to the first yield of the next step a worker reads
        # nothing but its inputs and their weights, which only it updates.
        start = group.start
        total = sum(images for images, _ in group.batches)
        labels = self._batches.labels(group.epoch, start, total)
        for number, (images, _) in enumerate(group.batches):
            if not (yield from self._step(number, group, start, labels[:images], outcomes)):
                break
            start, labels = start + images, labels[images:]
        self.steps_summed = steps = number + 1
        sums, made = self._sums.array, slice(steps)
        of_step = np.repeat(np.arange(steps), counts[made])
        sums[made, self._index, LOSS] = np.bincount(of_step, outcomes.losses, steps)
        sums[made, self._index, CORRECT] = np.bincount(of_step, outcomes.right, steps)

    def _step(
        self, number: int, group: StepGroup, start: int, labels: Array, outcomes: Outcomes
    ) -> Generator[None, None, bool]:
        """Make one step, unless its loss or gradient is not finite.

        Args:
            number: index of the step in the group.
            group: the steps to make.
            start: position in the epoch of the first image.
            labels: (n,) the batch's.
            outcomes: those of this worker's images are added.

        Returns:
            Whether the group's next step may be made.
        """
        images, learning_rate = group.batches[number]
        inputs, own = self.inputs(number, group, start), self._pass.shard_pass(images, self._index)
        own.multiply(inputs)
        yield
        partial_loss = own.propagate(labels, outcomes, self._soft_targets(images))
        yield
        results, index = self._sums.values, self._index
        results[number, index, PARTIAL_LOSS] = partial_loss
        results[number, index, SQUARES] = self._differentiate(group, own, inputs)
        results[number, index, STOP_REQUESTED] = self._command_waiting()
        yield
        squares = self._sums.total(number, SQUARES)
        finite = isfinite(squares) and isfinite(self._sums.total(number, PARTIAL_LOSS))
        if finite and group.sam:
            total = yield from self._sharpen(number, group, own, inputs, labels, sqrt(squares))
            squares, finite = total, isfinite(total)
        if finite:
            # Other workers may still be adding up, but this column, like the two that are written
            # at the end of the group, is not read before that end.
            results[number, index, CLIPPED] = yield from self._update(
                number, group, learning_rate, sqrt(squares)
            )
        return finite and not results[number, 0, STOP_REQUESTED]

    def _soft_targets(self, images: int) -> SoftTargets | None:
        """What the teacher says of the images of the batch that was loaded; None without one."""
        if self._targets is None:
            return None
        spec = self._spec
        return SoftTargets(self._targets[:images], spec.distill_temperature, spec.distill_weight)

    def _differentiate(self, group: StepGroup, own: ShardPass, inputs: Inputs) -> float:
        """Compute the gradient of this worker's parameters; returns the sum of its squares."""
        squares = own.differentiate(inputs)
        if group.removed:
            squares = sum(span.keep() for span in self._spans)  # of two at most
        return squares

    def _sharpen(
        self,
        number: int,
        group: StepGroup,
        own: ShardPass,
        inputs: Inputs,
        labels: Array,
        norm: float,
    ) -> Generator[None, None, float]:
        """Put the gradient at the top of the surroundings in the place of the one here.

        Args:
            number: index of the step in the group, to which the others belong too.
            norm: of the whole gradient here.

        Returns:
            The sum of squares of the one there.
        """
        here = [span.parameters.copy() for span in self._spans]
        for span in self._spans:
            ascend(span.parameters, span.gradient, norm, group.sam)
        own.multiply(inputs)
        yield
        outcomes = Outcomes(len(labels), self._spec.sizes[-1], np.float32)
        own.propagate(labels, outcomes, self._soft_targets(len(labels)))
        yield
        for span, parameters in zip(self._spans, here, strict=True):
            span.parameters[:] = parameters
        # The sums of before have been read: since then all have waited for each other twice.
        self._sums.values[number, self._index, SQUARES] = self._differentiate(group, own, inputs)
        yield
        return self._sums.total(number, SQUARES)

    def _update(
        self, number: int, group: StepGroup, learning_rate: float, norm: float
    ) -> Generator[None, None, bool]:
        """Clip the gradient, update and average, for this worker's parameters.

        Args:
            number: index of the step in the group.
            group: the steps to make.
            learning_rate: of this step.
            norm: of the whole gradient.

        Returns:
            Whether this worker's part of the gradient was clipped.
        """
        clipped = False
        for own in self._spans:
            clipped |= clip(own.gradient, norm, group.clip_norm, group.clip_value)
        rule, hyper = RULES[group.optimizer], Hyperparameters(weight_decay=group.weight_decay)
        blocks, matrices = self._prepare(group.optimizer, group.removed)
        step = group.slot_steps + number + 1
        share = update_share(rule, blocks, step, learning_rate, hyper, self.scalars, matrices)
        self.scalars = yield from self._sums.share(number, share)
        for own in self._spans:
            if own.average is not None:
                # The gradient is not needed any more: its vector serves as scratch.
                step = group.step + number + 1
                average_into(own.average, own.parameters, step, own.gradient)
        return clipped

    def _prepare(self, optimizer: str, removed: bool) -> tuple[list[Block], list[HiddenMatrix]]:
        """What an optimizer works on here: the same at each step, so it is made once.

        Args:
            optimizer: a name in `RULES`.
            removed: whether parameters are removed.
        """
        if (optimizer, removed) not in self._prepared:
            rule, sizes = RULES[optimizer], self._spec.sizes
            blocks = [block for span in self._spans for block in span.blocks(rule, sizes)]
            kept = self._kept if removed else None
            matrices = HiddenMatrix.all_of(rule, sizes, self._pass.gradient, kept)
            own = matrices[self._index :: self._spec.workers]
            self._prepared[optimizer, removed] = blocks, own
        return self._prepared[optimizer, removed]
