"""Where the settings of a run were changed, as its charts mark it, and the letters of the marks.

They follow from the commands in force alone: the screen of a run that trains, that of one that is
opened again, and its report name the same change alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from digit_tui.config import RunConfig
from digit_tui.run.commands import Lineage, SetBatchSize
from digit_tui.run.events import SettingChanged
from digit_tui.run.lineage import position
from digit_tui.run.settings import Settings, changes_of

UNMARKED = ("epochs",)
"""Settings that no curve bends at."""


class Mark(NamedTuple):
    """Where settings were changed."""

    epoch: float
    letter: str
    """One of `letters`, in the order of the epochs."""


class Key(NamedTuple):
    """What tells one change of a setting from all others of a run."""

    step: int
    setting: str
    value: Any


def marked(events: Iterable[SettingChanged]) -> dict[Key, float]:
    """The epochs of the marks, by what is changed there.

    Args:
        events: the changes in force, oldest first.
    """
    found: dict[Key, float] = {}
    for _, group in groupby(events, lambda each: each.step):
        of_step = [*group]
        if any(each.setting not in UNMARKED for each in net(of_step)):
            found |= {key_of(each): each.epoch for each in of_step}
    return found


def net(events: Iterable[SettingChanged]) -> list[SettingChanged]:
    """What changes come to: one for each setting that is not what it was before them."""
    last: dict[str, SettingChanged] = {}
    for each in events:
        before = last.get(each.setting)
        last[each.setting] = each if before is None else replace(each, old=before.old)
    return [each for each in last.values() if each.old != each.new]


def key_of(event: SettingChanged) -> Key:
    """What tells it from others."""
    return Key(event.step, event.setting, event.new)


def settings_along(lineage: Lineage, config: RunConfig) -> list[Settings]:
    """The settings before each command of a lineage, and at last those after all of them.

    Args:
        lineage: the commands.
        config: that the run began with, with its number of epochs.
    """
    found = [Settings.of(config)]
    for _, command in lineage:
        found.append(replace(found[-1], **changes_of(command, found[-1], config)))
    return found


def changes_along(lineage: Lineage, config: RunConfig, images: int) -> Iterator[SettingChanged]:
    """What the commands of a lineage changed, oldest first, without their effects.

    Args:
        lineage: the commands.
        config: that the run began with.
        images: number of training images.
    """
    config = config.for_images(images)  # without it the number of epochs may be open
    settings = settings_along(lineage, config)
    sizes = tuple(each for each in lineage if isinstance(each.command, SetBatchSize))
    for (step, _), (old, new) in zip(lineage, pairwise(settings), strict=True):
        epoch = position(step, sizes, config.batch_size, images)
        yield from SettingChanged.all_between(step, epoch, old, new)


def lettered(places: Mapping[Key, float]) -> dict[Key, Mark]:
    """The marks, by what is changed there; at one epoch it is the same.

    Args:
        places: see `marked`.
    """
    marks = {mark.epoch: mark for mark in map(Mark, sorted({*places.values()}), letters())}
    return {key: marks[epoch] for key, epoch in places.items()}


def letters() -> Iterator[str]:
    """A, B, ... Z, AA, AB, ... in turn."""
    number = 0
    while True:
        word, rest = "", number
        while rest >= 0:
            word, rest = chr(ord("A") + rest % 26) + word, rest // 26 - 1
        yield word
        number += 1
