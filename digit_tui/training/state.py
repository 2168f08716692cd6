"""The state of a run: small, explicit, and all that the next step depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import RunConfig
from digit_tui.nn import RULES, Network
from digit_tui.training.streams import stream

Array = NDArray[Any]


@dataclass(frozen=True)
class Settings:
    """What a person may change while the run goes on."""

    optimizer: str
    learning_rate: float
    """Base rate, before the schedule's factor."""
    weight_decay: float
    clip_norm: float | None
    clip_value: float | None
    augment: str
    batch_size: int
    epochs: int
    """Length of the whole run."""

    @classmethod
    def of(cls, config: RunConfig) -> Settings:
        rate = config.learning_rate
        return cls(
            optimizer=config.optimizer,
            learning_rate=RULES[config.optimizer].learning_rate if rate is None else rate,
            weight_decay=config.weight_decay,
            clip_norm=config.clip_norm,
            clip_value=config.clip_value,
            augment=config.augment,
            batch_size=config.batch_size,
            epochs=config.epochs or 0,
        )


@dataclass(eq=False)
class Tally:
    """Sums over the steps of the present epoch."""

    steps: int = 0
    images: int = 0
    loss: float = 0.0
    """Sum over images."""
    correct: int = 0
    gradient_norm: float = 0.0
    clipped: int = 0
    seconds: float = 0.0


@dataclass(eq=False)
class RunState:
    """Where a run stands between two steps."""

    parameters: Array
    """(n,) float32, the network's weights and biases."""
    average: Array | None
    """(n,) float32, their running average, if the run keeps one."""
    slots: Array
    """(slots, n) float32, the optimizer's memory."""
    settings: Settings
    slot_steps: int = 0
    """Steps since the slots were fresh."""
    step: int = 0
    """Steps since the run began."""
    epoch: int = 0
    """Completed epochs."""
    cursor: int = 0
    """Training images already used in the present epoch."""
    tally: Tally = field(default_factory=Tally)

    @classmethod
    def begin(cls, config: RunConfig, sizes: Sequence[int]) -> RunState:
        """The state before the first step: weights drawn from the seed."""
        network = Network(sizes)
        network.initialize(stream(config.seed, "weights"))
        state = cls(
            parameters=network.parameters,
            average=network.parameters.copy() if config.average else None,
            slots=np.empty(0),
            settings=Settings.of(config),
        )
        state.fresh_slots()
        return state

    def end_epoch(self) -> Tally:
        """Go on to the next epoch; the sums over the one that ended."""
        ended, self.tally = self.tally, Tally()
        self.epoch += 1
        self.cursor = 0
        return ended

    def fresh_slots(self) -> None:
        """Forget the optimizer's memory, for a rule that starts now."""
        count = RULES[self.settings.optimizer].slots
        self.slots = np.zeros((count, len(self.parameters)), self.parameters.dtype)
        self.slot_steps = 0
