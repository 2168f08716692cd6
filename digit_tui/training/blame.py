"""Which changes of settings a trouble comes of, and which of them stay when it is taken back."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from digit_tui.run.changes import settings_along
from digit_tui.run.commands import (
    AppliedCommand,
    Lineage,
    SetAugmentation,
    SetClipping,
    SetSam,
    WeightChange,
)
from digit_tui.run.events import SettingChanged
from digit_tui.run.settings import Settings
from digit_tui.training.branch import Branch


def begun(branch: Branch, changes: Iterable[SettingChanged]) -> int:
    """The step of the first of the changes that some are told with.

    For example of the first of several doublings, where the words are "learning rate 0.1 → 0.8".
    """
    settings = settings_along(branch.state.lineage, branch.config)
    steps = [branch.state.step]
    for change in changes:
        values = [getattr(each, change.setting) for each in settings]
        for place in reversed(range(len(branch.state.lineage))):
            if values[place] == change.old != values[place + 1]:
                steps.append(branch.state.lineage[place].step)
                break
    return min(steps)


def with_harmless(step: int, lineage: Lineage, branch: Branch) -> Lineage:
    """A lineage with the commands that come next at its step, as far as no trouble comes of them.

    A person who has halved a rate that was too high would else get it back. Where the rate was
    raised at that step, too, it is the cause, and not what the network was taught before, nor that
    gradients are clipped.
    """
    whole = branch.state.lineage
    end = last = len(lineage)
    while last < len(whole) and whole[last].step == step:
        last += 1
    changes = [*pairwise(settings_along(whole[:last], branch.config))]
    raised = any(new.learning_rate > old.learning_rate for old, new in changes[end:])
    while end < last and (is_harmless(*changes[end]) or (raised and _is_beside(whole[end]))):
        end += 1
    return whole[:end]


def _is_beside(applied: AppliedCommand) -> bool:
    """Whether a command is not to blame where the rate was raised at its step."""
    match applied.command:
        case SetClipping(norm, value):
            return norm is not None or value is not None
        case command:
            return isinstance(command, WeightChange | SetAugmentation | SetSam)


def is_harmless(old: Settings, new: Settings) -> bool:
    """Whether no trouble comes of what lies between two settings."""
    return all(each.is_harmless for each in SettingChanged.all_between(0, 0.0, old, new))
