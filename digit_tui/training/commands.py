"""What a person can ask of a run. A command takes effect between two steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pause:
    """Stop training after the current step and wait."""


@dataclass(frozen=True)
class Resume:
    """Go on training."""


@dataclass(frozen=True)
class StepBatch:
    """Train on one batch, then pause."""


@dataclass(frozen=True)
class StepEpoch:
    """Train to the end of the epoch, then pause."""


@dataclass(frozen=True)
class SetOptimizer:
    """Go on with another update rule, from the same weights, with fresh slots."""

    name: str
    learning_rate: float | None = None
    """The base rate to go on with; None is the run's own if it began with this rule, else the
    rule's default."""


@dataclass(frozen=True)
class SetLearningRate:
    """Change the base learning rate, before the schedule's factor."""

    value: float


@dataclass(frozen=True)
class ScaleLearningRate:
    """Multiply the base learning rate: relative, so that quick key presses add up."""

    factor: float


@dataclass(frozen=True)
class SetClipping:
    """Limit the gradient by its global norm, or each element, or (both None) not at all."""

    norm: float | None = None
    value: float | None = None


@dataclass(frozen=True)
class SetAugmentation:
    """Change how training images are deformed."""

    name: str


@dataclass(frozen=True)
class SetBatchSize:
    """Change how many images a step uses."""

    value: int


@dataclass(frozen=True)
class AddEpochs:
    """Train longer."""

    count: int


@dataclass(frozen=True)
class Save:
    """Write the weights to the run's folder now."""


@dataclass(frozen=True)
class Stop:
    """End the run after the current step."""

    reason: str = "stopped"
    """Goes into the last event and run.json: stopped, interrupted, diverged."""
    save: bool = True
    """Write weights and results; otherwise the run's folder is removed if nothing was saved."""


Command = (
    Pause
    | Resume
    | StepBatch
    | StepEpoch
    | SetOptimizer
    | SetLearningRate
    | ScaleLearningRate
    | SetClipping
    | SetAugmentation
    | SetBatchSize
    | AddEpochs
    | Save
    | Stop
)
