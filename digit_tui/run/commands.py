"""What a person can ask of a run. A command takes effect between two steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Pause:
    """Stop training after the steps under way and wait."""


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
class Undo:
    """Go back to before the last command, or to where all was well before a trouble."""


@dataclass(frozen=True)
class GoBack:
    """Go to another moment of the run: what was done since is undone."""

    step: int
    """Steps that were made by then."""
    commands: Lineage
    """What had steered the run by then."""


@dataclass(frozen=True)
class Fork:
    """Train a copy beside the run, from the same state on the same batches."""

    changes: tuple[Setting, ...]
    """What the copy does otherwise."""
    folder: str | None = None
    """Where the copy is saved; None is a folder beside the run's own."""


@dataclass(frozen=True)
class Keep:
    """End a fork: go on with one branch; the other stays as a run of its own."""

    fork: bool
    """Whether to go on with the fork instead of the run that it came from."""


@dataclass(frozen=True)
class Save:
    """Write a checkpoint now."""


@dataclass(frozen=True)
class OpenTest:
    """Look at the test digits, though the run is watched with held-out ones."""


@dataclass(frozen=True)
class Stop:
    """End the run after the steps under way."""

    reason: str = "stopped"
    """Goes into the last event and run.json: stopped, interrupted, diverged."""


Setting = (
    SetOptimizer
    | SetLearningRate
    | ScaleLearningRate
    | SetClipping
    | SetAugmentation
    | SetBatchSize
    | AddEpochs
)
"""Commands that change what the next step does: with the config they decide a run."""

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
    | OpenTest
    | Stop
)


class AppliedCommand(NamedTuple):
    """A command that took effect."""

    step: int
    """Steps that the run had made by then."""
    command: Setting


Lineage = tuple[AppliedCommand, ...]
"""What has steered a run so far, in its order; with the config and the digits it gives the state
at any step."""


def is_ancestor(step: int, lineage: Lineage, later: int, later_lineage: Lineage) -> bool:
    """Whether a run that stands at `step`, steered by `lineage`, can come to another moment."""
    scheduled = later_lineage[len(lineage) :]
    return (
        step <= later
        and later_lineage[: len(lineage)] == lineage
        and all(applied.step >= step for applied in scheduled)
    )


def is_possible(step: int, lineage: Lineage) -> bool:
    """Whether a run can stand at a step, steered by a lineage."""
    steps = [0, *(applied.step for applied in lineage), step]
    return steps == sorted(steps)


_SETTINGS: dict[str, type[Setting]] = {
    "set_optimizer": SetOptimizer,
    "set_learning_rate": SetLearningRate,
    "scale_learning_rate": ScaleLearningRate,
    "set_clipping": SetClipping,
    "set_augmentation": SetAugmentation,
    "set_batch_size": SetBatchSize,
    "add_epochs": AddEpochs,
}
_NAMES = {kind: name for name, kind in _SETTINGS.items()}


def lineage_to_json(lineage: Iterable[AppliedCommand]) -> list[dict[str, Any]]:
    """Plain values: the step, the command's name in snake case, and its fields."""
    return [
        {"step": step, "command": _NAMES[type(command)], **asdict(command)}
        for step, command in lineage
    ]


def lineage_from_json(values: Iterable[Mapping[str, Any]]) -> Lineage:
    """The inverse of `lineage_to_json`.

    Raises:
        KeyError, TypeError, ValueError: for anything else.
    """
    lineage = []
    for value in values:
        kind = _SETTINGS[value["command"]]
        given = {field.name: value[field.name] for field in fields(kind)}
        if not isinstance(value["step"], int):
            raise TypeError(f"{value['step']!r} is no number of steps")
        lineage.append(AppliedCommand(value["step"], kind(**given)))
    return tuple(lineage)
