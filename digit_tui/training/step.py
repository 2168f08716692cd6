"""One training step: batch, gradient, clipping, update, average, by a team."""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from math import isfinite, sqrt
from time import perf_counter
from typing import NamedTuple

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.nn import SCHEDULES
from digit_tui.training.batches import Batches, Piece
from digit_tui.training.member import BLOCK, MOST_STEPS, StepJob, StepSums
from digit_tui.training.state import RunState
from digit_tui.training.team import Team

MOST_WORK = 140_000_000
"""Parameters times images of the steps made at one order, if it is not a single step. That takes
some 5 ms; then a person's commands are looked at."""


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
    """Moves a state on, step by step: state(t + 1) = step(state(t), batch(seed, epoch, t))."""

    def __init__(self, config: RunConfig, team: Team, dataset: Dataset) -> None:
        self._team = team
        self._images = len(dataset.train_labels)
        self._factor = SCHEDULES[config.schedule]
        self._batches = Batches(dataset, config.seed, team.block, partial(team.do, "deform"))

    def steps(self, state: RunState, most: int) -> list[StepResult]:
        """Make one step or some, in place; what comes between steps costs time.

        What is computed does not depend on how many there are. No order crosses an epoch's end, nor
        a step whose number is a multiple of how many steps are MOST_WORK: so a run that is repeated
        stops at the same places.

        Args:
            state: moved on.
            most: make no more.

        Returns:
            What came of each step, at least of one.

        Raises:
            NotFinite: if the first step's loss or gradient is no number; nothing has changed then.
                A later step like that is not made.
            TeamError: if a helper process has ended.
        """
        batch_size = min(state.settings.batch_size, self._images)
        self._team.set_batch_size(batch_size)
        started = perf_counter()
        work = batch_size * len(state.parameters)
        together = min(max(MOST_WORK // work, 1), MOST_STEPS)
        most = min(most, together - state.step % together)
        jobs = self._jobs(state, batch_size, most)
        self._team.do("steps", *map(tuple, jobs))
        seconds = perf_counter() - started
        sums = self._team.member.sums(slice(len(jobs)))
        if not isfinite(sums[0].loss):
            raise NotFinite("loss", sums[0].loss / jobs[0].images)
        if not sums[0].finite:
            raise NotFinite("gradient", sqrt(sums[0].squares))
        made = list(takewhile(lambda each: each.finite, sums))
        return [
            self._count(state, job, each, seconds / len(made))
            for job, each in zip(jobs, made, strict=False)
        ]

    def _jobs(self, state: RunState, batch_size: int, most: int) -> list[StepJob]:
        """The next steps: the first one, and those that follow in the same block of images."""
        settings = state.settings
        jobs: list[StepJob] = []
        cursor = state.cursor
        piece = self._load(state, min(batch_size, self._images - cursor))
        at, row = piece.at, piece.row
        while len(jobs) < most and cursor < self._images:
            images = min(batch_size, self._images - cursor)
            if row + images - at > BLOCK:
                break
            jobs.append(
                StepJob(
                    images=images,
                    at=at,
                    row=row,
                    optimizer=settings.optimizer,
                    learning_rate=self._learning_rate(state, cursor),
                    weight_decay=settings.weight_decay,
                    clip_norm=settings.clip_norm,
                    clip_value=settings.clip_value,
                    slot_steps=state.slot_steps + len(jobs) + 1,
                    step=state.step + len(jobs) + 1,
                )
            )
            cursor += images
            at, row = 0, row + images - at
        return jobs

    def _load(self, state: RunState, count: int) -> Piece:
        """Have the next batch loaded but for its last piece, which is left to the step."""
        for piece in self._batches.pieces(state.epoch, state.cursor, count, state.settings.augment):
            if piece.at + piece.images < count:
                self._team.do("load", *piece)
        return piece

    def _learning_rate(self, state: RunState, cursor: int) -> float:
        """The rate of a step of the present epoch: the base rate times the schedule's factor."""
        position = state.epoch + cursor / self._images
        progress = min(position / state.settings.epochs, 1.0) if state.settings.epochs else 0.0
        return float(state.settings.learning_rate * self._factor(progress))

    def _count(self, state: RunState, job: StepJob, sums: StepSums, seconds: float) -> StepResult:
        """Have the state know of a step."""
        norm = sqrt(sums.squares)
        state.step += 1
        state.slot_steps += 1
        state.cursor += job.images
        tally = state.tally
        tally.steps += 1
        tally.images += job.images
        tally.loss += sums.loss
        tally.correct += int(sums.correct)
        tally.gradient_norm += norm
        tally.clipped += sums.clipped > 0
        tally.seconds += seconds
        return StepResult(
            epoch=state.epoch + state.cursor / self._images,
            loss=sums.loss / job.images,
            accuracy=sums.correct / job.images,
            gradient_norm=norm,
            learning_rate=job.learning_rate,
            images=job.images,
            seconds=seconds,
        )
