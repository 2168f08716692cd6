"""One training step: batch, gradient, clipping, update, average."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import RunConfig
from digit_tui.nn import (
    RULES,
    SCHEDULES,
    GradientPass,
    Hyperparameters,
    Network,
    average_into,
    clip_by_global_norm,
    clip_by_value,
    global_norm,
    update,
)
from digit_tui.nn.optimizers import BLOCK
from digit_tui.training.batches import Batches
from digit_tui.training.state import RunState

Array = NDArray[Any]


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

    def __init__(self, config: RunConfig, network: Network, batches: Batches, images: int) -> None:
        self._network = network
        self._batches = batches
        self._images = images
        self._factor = SCHEDULES[config.schedule]
        self._scratch = np.empty(min(BLOCK, len(network.parameters)), network.parameters.dtype)
        self._batch_size = 0

    def _allocate(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._pass = GradientPass(self._network, batch_size)
        self._inputs = np.empty((batch_size, self._network.sizes[0]), np.float32)
        self._labels = np.empty(batch_size, np.intp)

    def learning_rate(self, state: RunState) -> float:
        """The rate of the next step: the base rate times the schedule's factor."""
        position = state.epoch + state.cursor / self._images
        progress = min(position / state.settings.epochs, 1.0) if state.settings.epochs else 0.0
        return state.settings.learning_rate * self._factor(progress)

    def step(self, state: RunState) -> StepResult:
        """Make one step, in place.

        Raises:
            NotFinite: if the loss or the gradient is no number; nothing has changed then.
        """
        started = perf_counter()
        settings = state.settings
        batch_size = min(settings.batch_size, self._images)
        if batch_size != self._batch_size:
            self._allocate(batch_size)
        count = min(batch_size, self._images - state.cursor)
        inputs, labels = self._inputs[:count], self._labels[:count]
        learning_rate = self.learning_rate(state)

        with np.errstate(all="ignore"):  # what is not finite is found below
            self._batches.fill(inputs, labels, state.epoch, state.cursor, settings.augment)
            loss, correct = self._pass.run(inputs, labels)
            gradient = self._pass.gradient
            norm = global_norm(gradient)
            if not isfinite(loss):
                raise NotFinite("loss", loss)
            if not isfinite(norm):
                raise NotFinite("gradient", norm)
            clipped = False
            if settings.clip_norm is not None:
                clipped = clip_by_global_norm(gradient, norm, settings.clip_norm)
            elif settings.clip_value is not None:
                clipped = clip_by_value(gradient, settings.clip_value)

            state.step += 1
            state.slot_steps += 1
            update(
                RULES[settings.optimizer],
                state.parameters,
                gradient,
                state.slots,
                state.slot_steps,
                learning_rate,
                Hyperparameters(weight_decay=settings.weight_decay),
                self._scratch,
            )
            if state.average is not None:
                # The gradient is spent, so its vector serves as scratch.
                average_into(state.average, state.parameters, state.step, gradient)

        state.cursor += count
        seconds = perf_counter() - started
        tally = state.tally
        tally.steps += 1
        tally.images += count
        tally.loss += loss * count
        tally.correct += correct
        tally.gradient_norm += norm
        tally.clipped += clipped
        tally.seconds += seconds
        return StepResult(loss, correct / count, norm, learning_rate, count, seconds)
