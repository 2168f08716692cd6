"""The commands that a user can give a run. A command takes effect between two steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Pause:
    """Pause training after the current steps."""


@dataclass(frozen=True)
class Resume:
    """Continue training."""


@dataclass(frozen=True)
class StepBatch:
    """Train on one batch, then pause."""


@dataclass(frozen=True)
class StepEpoch:
    """Train to the end of the epoch, then pause."""


@dataclass(frozen=True)
class SetOptimizer:
    """Switch to another update rule: same weights, fresh slots."""

    name: str
    learning_rate: float | None = None
    """The new base rate; None is the run's configured rate if the run started with this rule, else
    the rule's default."""


@dataclass(frozen=True)
class SetLearningRate:
    """Change the base learning rate, before the schedule's factor."""

    value: float


@dataclass(frozen=True)
class ScaleLearningRate:
    """Multiply the base learning rate by a factor, so that repeated key presses add up."""

    factor: float


@dataclass(frozen=True)
class SetClipping:
    """Clip the gradient by its global norm, or each element by value, or (both None) not at all."""

    norm: float | None = None
    value: float | None = None


@dataclass(frozen=True)
class SetSam:
    """Take the gradient where the loss close by is highest; see `nn.sharpness`."""

    rho: float = 0.0
    """How far away; 0 takes it where the weights are."""


@dataclass(frozen=True)
class SetAugmentation:
    """Change the augmentation of the training images."""

    name: str


@dataclass(frozen=True)
class SetBatchSize:
    """Change the number of images in a batch."""

    value: int


@dataclass(frozen=True)
class AddEpochs:
    """Make the run longer by some epochs."""

    count: int


@dataclass(frozen=True)
class SwitchOff:
    """Take units out of the network: their weights and biases are 0 until they are on again."""

    layer: int
    """A hidden one, from 1."""
    units: tuple[int, ...]
    """From 0."""


@dataclass(frozen=True)
class SwitchOn:
    """Put units back as they were when they were switched off."""

    layer: int
    """A hidden one, from 1."""
    units: tuple[int, ...]
    """From 0."""


@dataclass(frozen=True)
class Prune:
    """Keep the smallest weights of the whole network at 0; another share puts them back first."""

    share: float
    """Of all weights, from 0 to 0.99; 0 prunes none."""


@dataclass(frozen=True)
class Teach:
    """Fine-tune the network on a person's drawings; see `nn.fine_tune`."""

    drawings: str
    """Hex SHA-256 of their file, which is in the run's folder."""
    count: int
    """How many there are."""


@dataclass(frozen=True)
class Undo:
    """Go back to before the last command, or to before a divergence or spike."""


@dataclass(frozen=True)
class GoBack:
    """Go back (or forward again) to another point of the run: what happened since is undone."""

    step: int
    """Steps made at that point."""
    lineage: Lineage
    """The commands that were applied before that point."""


@dataclass(frozen=True)
class Fork:
    """Train a copy of the run beside it, from the same state and on the same batches."""

    changes: tuple[Setting, ...]
    """Settings that differ in the copy."""
    folder: str | None = None
    """Where the copy is saved; None is a folder next to the run's own."""


@dataclass(frozen=True)
class Keep:
    """End a fork: continue one branch; the other one stays as a saved run of its own."""

    fork: bool
    """Whether to continue the fork instead of the original run."""


@dataclass(frozen=True)
class Save:
    """Write a checkpoint now."""


@dataclass(frozen=True)
class Inspect:
    """Ask for a copy of the state, as the event `Inspected`; nothing changes."""


@dataclass(frozen=True)
class OpenTest:
    """Evaluate the test set now, in a run that is monitored on its held-out validation set."""


@dataclass(frozen=True)
class Stop:
    """End the run after the current steps."""

    reason: str = "stopped"
    """stopped, interrupted or diverged; recorded in the last event and in run.json."""


Removal = SwitchOff | SwitchOn | Prune
"""Commands that take parameters out of the network, or put them back."""

WeightChange = Removal | Teach
"""Commands that change the network at once: what that did to its accuracy is told."""

StepSetting = (
    SetOptimizer
    | SetLearningRate
    | ScaleLearningRate
    | SetClipping
    | SetSam
    | SetAugmentation
    | SetBatchSize
)
"""Commands that change how steps are made."""

Setting = StepSetting | AddEpochs | WeightChange
"""Commands that change what the next step computes: they and the config determine a run."""

Command = (
    Setting
    | Pause
    | Resume
    | StepBatch
    | StepEpoch
    | Undo
    | GoBack
    | Fork
    | Keep
    | Save
    | Inspect
    | OpenTest
    | Stop
)


class AppliedCommand(NamedTuple):
    """A command that changed a setting, and when."""

    step: int
    """Steps that the run had made when it took effect."""
    command: Setting


Lineage = tuple[AppliedCommand, ...]
"""The applied commands that led to a state, oldest first. Together with the config, the dataset and
the number of steps they determine that state."""
