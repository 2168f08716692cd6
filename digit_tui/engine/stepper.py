"""Training steps: batch, gradient, clipping, update and average, done by a pool of workers."""

from __future__ import annotations

from itertools import takewhile
from math import isfinite, sqrt
from time import perf_counter
from typing import NamedTuple

from digit_tui.config import RunConfig
from digit_tui.engine.batches import BLOCK
from digit_tui.engine.step_group import MAX_STEPS, StepGroup, StepSums
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.run.removal import Removed
from digit_tui.run.settings import scheduled_rate
from digit_tui.run.state import RunState

MAX_GROUP_WORK = 1_120_000_000
"""Parameters times images of a group of steps, unless it is a single one. That takes 30 to 40 ms,
after which events can be published; a person's command ends a group sooner."""


class NotFinite(Exception):
    """The loss or the gradient is NaN or infinite; the state is as before the step."""

    def __init__(self, what: str, value: float) -> None:
        super().__init__(f"{what} is {value}")
        self.what = what
        self.value = value


class StepResult(NamedTuple):
    epoch: float
    """Completed epochs after the step, with the part of the present one."""
    loss: float
    accuracy: float
    gradient_norm: float
    learning_rate: float
    images: int
    seconds: float


class Stepper:
    """Moves a state on, step by step: state(t + 1) = step(state(t), batch(seed, epoch, t)).

    Attributes:
        cut_short: whether the last group ended early because a command was waiting.
    """

    def __init__(self, config: RunConfig, pool: WorkerPool) -> None:
        self._pool = pool
        self._images = pool.images
        self._schedule = config.schedule
        self.cut_short = False
        self._deformed: tuple[int, int, str] | None = None  # epoch, block, how
        self._removed: Removed | None = None  # what the pool knows to be removed
        self._asked = not pool.has_teacher  # whether a teacher has seen the images as they are

    def steps(self, state: RunState, most: int) -> list[StepResult]:
        """Make one step or a group of them, in place: the fewer groups, the less time they take.

        What is computed does not depend on the groups. No group crosses the end of an
        epoch, nor a step whose number is a multiple of the steps that make up MAX_GROUP_WORK: so a
        run that is repeated stops at the same places, unless a command waits; see `cut_short`.

        Args:
            state: moved on.
            most: make no more.

        Returns:
            The result of each step, at least of one.

        Raises:
            NotFinite: if the first step's loss or gradient is not finite; nothing has changed then.
                A later step like that is not made.
            WorkerGone: if a worker process is lost. The vectors are half updated then; all other
                parts of the state are as before.
        """
        batch_size = min(state.settings.batch_size, self._images)
        self._pool.prepare(batch_size)
        self._tell_removed(state.removed)
        started = perf_counter()
        work = batch_size * len(state.parameters) * (2 if state.settings.sam else 1)
        together = min(max(MAX_GROUP_WORK // work, 1), MAX_STEPS)
        most = min(most, together - state.step % together)
        group = self._next_group(state, batch_size, most)
        self._pool.do("steps", *group)
        seconds = perf_counter() - started
        worker = self._pool.workers[0]
        steps = worker.steps_summed
        sums = worker.sums(slice(steps))
        self.cut_short = steps < len(group.batches) and sums[-1].finite
        if not isfinite(sums[0].loss):
            raise NotFinite("loss", sums[0].loss / group.batches[0][0])
        if not sums[0].finite:
            raise NotFinite("gradient", sqrt(sums[0].squares))
        made = list(takewhile(lambda each: each.finite, sums))
        state.scalars = worker.scalars
        return [
            self._count(state, *batch, each, seconds / len(made))
            for batch, each in zip(group.batches, made, strict=False)
        ]

    def _next_group(self, state: RunState, batch_size: int, most: int) -> StepGroup:
        """The next steps: the first one and, of deformed images, those in the same block."""
        settings = state.settings
        deformed = settings.augment != "none"
        loaded, end = 0, self._images
        if deformed:
            loaded = self._load(state, min(batch_size, self._images - state.cursor))
            end = min((state.cursor + loaded) // BLOCK * BLOCK + BLOCK, self._images)
        elif not self._asked:
            for start in range(0, self._images, BLOCK):
                self._pool.do("ask_teacher", False, start, min(start + BLOCK, self._images))
            self._asked = True
        batches: list[tuple[int, float]] = []
        cursor = state.cursor
        while len(batches) < most and cursor < self._images:
            images = min(batch_size, self._images - cursor)
            if cursor + images > end:
                break
            batches.append((images, self._learning_rate(state, cursor)))
            cursor += images
        return StepGroup(
            epoch=state.epoch,
            start=state.cursor,
            loaded=loaded,
            deformed=deformed,
            optimizer=settings.optimizer,
            weight_decay=settings.weight_decay,
            sam=settings.sam,
            clip_norm=settings.clip_norm,
            clip_value=settings.clip_value,
            slot_steps=state.slot_steps,
            scalars=state.scalars,
            removed=state.removed is not None,
            step=state.step,
            batches=tuple(batches),
        )

    def _tell_removed(self, removed: Removed | None) -> None:
        """Tell the workers which parameters are removed, unless they know."""
        if removed is not None and removed is not self._removed:
            self._pool.kept[:] = ~removed.mask
            self._removed = removed

    def _load(self, state: RunState, count: int) -> int:
        """Deform the next batch, and load all of it but its images in the last block.

        Returns:
            How many images were loaded.
        """
        epoch, start, augment = state.epoch, state.cursor, state.settings.augment
        for block in range(start // BLOCK, (start + count - 1) // BLOCK + 1):
            first = max(block * BLOCK - start, 0)
            following = (block + 1) * BLOCK - start
            self._deform(epoch, block, augment)
            if following < count:
                self._pool.do("load", start + first, first, following - first)
        return first

    def _deform(self, epoch: int, block: int, augment: str) -> None:
        """Make a block of deformed images, unless it is the one made last."""
        wanted = epoch, block, augment
        if wanted != self._deformed:
            self._deformed = None  # the job may be interrupted
            self._pool.do("deform", *wanted)
            if self._pool.has_teacher:
                self._pool.do("ask_teacher", True, 0, min(BLOCK, self._images - block * BLOCK))
            self._deformed = wanted

    def _learning_rate(self, state: RunState, cursor: int) -> float:
        """The rate of a step of the present epoch: the base rate times the schedule's factor."""
        return scheduled_rate(state.settings, self._schedule, state.epoch + cursor / self._images)

    def _count(
        self, state: RunState, images: int, learning_rate: float, sums: StepSums, seconds: float
    ) -> StepResult:
        """Count a step in the state."""
        norm = sqrt(sums.squares)
        state.step += 1
        state.slot_steps += 1
        state.cursor += images
        tally = state.tally
        tally.steps += 1
        tally.images += images
        tally.loss += sums.loss
        tally.correct += int(sums.correct)
        tally.gradient_norm += norm
        tally.clipped += sums.clipped > 0
        tally.seconds += seconds
        return StepResult(
            epoch=state.epoch + state.cursor / self._images,
            loss=sums.loss / images,
            accuracy=sums.correct / images,
            gradient_norm=norm,
            learning_rate=learning_rate,
            images=images,
            seconds=seconds,
        )
