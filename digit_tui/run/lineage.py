"""The lineage of a state: what can follow from it, where its steps are in a run, and its JSON."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from itertools import takewhile
from typing import Any

from digit_tui.config import RunConfig
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Lineage,
    Prune,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    SetSam,
    Setting,
    SwitchOff,
    SwitchOn,
    Teach,
    WeightChange,
)

_SETTINGS: dict[str, type[Setting]] = {
    "set_optimizer": SetOptimizer,
    "set_learning_rate": SetLearningRate,
    "scale_learning_rate": ScaleLearningRate,
    "set_clipping": SetClipping,
    "set_sam": SetSam,
    "set_augmentation": SetAugmentation,
    "set_batch_size": SetBatchSize,
    "add_epochs": AddEpochs,
    "switch_off": SwitchOff,
    "switch_on": SwitchOn,
    "prune": Prune,
    "teach": Teach,
}
_NAMES = {kind: name for name, kind in _SETTINGS.items()}


def is_ancestor(step: int, lineage: Lineage, later_step: int, later_lineage: Lineage) -> bool:
    """Whether a run at (step, lineage) can reach (later_step, later_lineage) without going back.

    It can if the later lineage begins with `lineage` and adds only commands applied at `step` or
    after it.
    """
    added = later_lineage[len(lineage) :]
    return (
        step <= later_step
        and later_lineage[: len(lineage)] == lineage
        and all(applied.step >= step for applied in added)
    )


def changes_weights_at(step: int, lineage: Lineage) -> bool:
    """Whether a command changed the weights at a step: they are others than before."""
    return any(each.step == step and isinstance(each.command, WeightChange) for each in lineage)


def stage_of(lineage: Lineage) -> Lineage:
    """The commands up to the last one after which training losses cannot be compared with before.

    That is one that deforms the training images otherwise, or changes the weights at once.
    """
    for place in reversed(range(len(lineage))):
        if isinstance(lineage[place].command, SetAugmentation | WeightChange):
            return lineage[: place + 1]
    return ()


def shared_length(first: Lineage, second: Lineage) -> int:
    """How many commands two lineages have in common, from the beginning on."""
    both = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))


def is_valid(step: int, lineage: Lineage) -> bool:
    """Whether a lineage is in order and none of its commands was applied after `step`."""
    steps = [0, *(applied.step for applied in lineage), step]
    return steps == sorted(steps)


def lineage_to_json(lineage: Iterable[AppliedCommand]) -> list[dict[str, Any]]:
    """For each command its step, its name in snake case, and its fields."""
    return [
        {"step": step, "command": _NAMES[type(command)], **asdict(command)}
        for step, command in lineage
    ]


def lineage_from_json(values: Iterable[Mapping[str, Any]]) -> Lineage:
    """The inverse of `lineage_to_json`.

    Raises:
        KeyError, TypeError, ValueError: if a value is not one of them.
    """
    lineage = []
    for value in values:
        kind = _SETTINGS[value["command"]]
        given = {field.name: _immutable(value[field.name]) for field in fields(kind)}
        if not isinstance(value["step"], int):
            raise TypeError(f"{value['step']!r} is not a number of steps")
        lineage.append(AppliedCommand(value["step"], kind(**given)))
    return tuple(lineage)


def _immutable(value: Any) -> Any:
    """Lineages are compared, and are keys: JSON's lists become tuples again."""
    return tuple(value) if isinstance(value, list) else value


def last_step(lineage: Lineage, config: RunConfig, images: int) -> int:
    """The step at which all epochs of a run are done.

    Args:
        lineage: the commands in force.
        config: the run's, with its number of epochs.
        images: number of training images.
    """
    more = sum(command.count for _, command in lineage if isinstance(command, AddEpochs))
    epochs = max((config.epochs or 0) + more, 0)

    def done(step: int) -> bool:
        return position(step, lineage, config.batch_size, images) >= epochs

    return bisect_left(range(epochs * images), True, key=done)


def position(step: int, lineage: Lineage, batch_size: int, images: int) -> float:
    """Completed epochs at a step, and the fraction of the current one.

    Args:
        step: the step.
        lineage: the commands in force at that step; those that set the batch size matter.
        batch_size: the initial one.
        images: number of training images.
    """
    at, epoch, cursor = 0, 0, 0
    sizes = [(at, command.value) for at, command in lineage if isinstance(command, SetBatchSize)]
    for until, following in [*sizes, (step, batch_size)]:
        steps, at = min(until, step) - at, min(until, step)
        rest = -(-(images - cursor) // batch_size)  # steps to the end of the epoch
        if steps >= rest:
            epochs, steps = divmod(steps - rest, -(-images // batch_size))
            epoch, cursor = epoch + 1 + epochs, 0
        cursor += steps * batch_size
        batch_size = following
    return epoch + cursor / images
