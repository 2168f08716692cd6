"""The lineage of a state: which state can follow from which, and lineages as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from itertools import takewhile
from typing import Any

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
