"""One training step: batch, gradient, clipping, update, average, by a team."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import isfinite, sqrt
from time import perf_counter

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.nn import SCHEDULES
from digit_tui.training.batches import Batches, Piece
from digit_tui.training.member import StepJob
from digit_tui.training.state import RunState
from digit_tui.training.team import Team


class NotFinite(Exception):
    """The loss or the gradient is NaN or infinite; the state is as before the step."""

    def __init__(self, what: str, value: float) -> None:
        super().__init__(f"{what} is {value}")
        self.what = what
        self.value = value


@dataclass(frozen=True)
class StepResult:
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

    def learning_rate(self, state: RunState) -> float:
        """The rate of the next step: the base rate times the schedule's factor."""
        position = state.epoch + state.cursor / self._images
        progress = min(position / state.settings.epochs, 1.0) if state.settings.epochs else 0.0
        return float(state.settings.learning_rate * self._factor(progress))

    def step(self, state: RunState) -> StepResult:
        """Make one step, in place.

        Raises:
            NotFinite: if the loss or the gradient is no number; nothing has changed then.
            TeamError: if a helper process has ended.
        """
        settings = state.settings
        batch_size = min(settings.batch_size, self._images)
        self._team.set_batch_size(batch_size)
        started = perf_counter()
        count = min(batch_size, self._images - state.cursor)
        piece = self._load(state, count)
        job = StepJob(
            images=count,
            at=piece.at,
            row=piece.row,
            optimizer=settings.optimizer,
            learning_rate=self.learning_rate(state),
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            clip_value=settings.clip_value,
            slot_steps=state.slot_steps + 1,
            step=state.step + 1,
        )
        self._team.do("step", *job)
        sums = self._team.member.sums()
        loss, norm = sums.loss / count, sqrt(sums.squares)
        if not isfinite(loss):
            raise NotFinite("loss", loss)
        if not isfinite(norm):
            raise NotFinite("gradient", norm)

        state.step += 1
        state.slot_steps += 1
        state.cursor += count
        seconds = perf_counter() - started
        tally = state.tally
        tally.steps += 1
        tally.images += count
        tally.loss += sums.loss
        tally.correct += int(sums.correct)
        tally.gradient_norm += norm
        tally.clipped += sums.clipped > 0
        tally.seconds += seconds
        accuracy = sums.correct / count
        return StepResult(loss, accuracy, norm, job.learning_rate, count, seconds)

    def _load(self, state: RunState, count: int) -> Piece:
        """Have the next batch loaded but for its last piece, which is left to the step."""
        for piece in self._batches.pieces(state.epoch, state.cursor, count, state.settings.augment):
            if piece.at + piece.images < count:
                self._team.do("load", *piece)
        return piece
