"""From events and settings to what the rules of `insight.health` look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import nan
from typing import Any

from digit_tui.config import RunConfig
from digit_tui.insight.health.record import EpochFacts, Inspection, Record, SettingChange
from digit_tui.insight.layers import LayerFacts
from digit_tui.run.changes import settings_along
from digit_tui.run.commands import Lineage
from digit_tui.run.events import EpochEnded, Inspected, SettingChanged
from digit_tui.run.setting_words import setting_change
from digit_tui.run.settings import Settings

EPOCHS = 500
"""So many of the latest epochs are looked at: tests for a trend compare each with each."""
FIELDS = ("learning_rate", "train_loss", "train_accuracy", "gradient_norm", "clip_rate")
"""Of an epoch's results that are copied as they are, but for null, which is NaN."""


def facts_of_event(event: EpochEnded) -> EpochFacts:
    """The facts of an epoch."""
    _, loss, accuracy = event.monitored
    numbers = {name: getattr(event, name) for name in FIELDS}
    return EpochFacts(
        epoch=event.epoch,
        step=event.step,
        optimizer=event.optimizer,
        loss=loss,
        accuracy=accuracy,
        **numbers,
    )


def facts_of_line(line: Mapping[str, Any], split: str) -> EpochFacts:
    """The facts of an epoch, from its line in a journal.

    Args:
        line: a checked line, see `storage.journal_lines`.
        split: the monitored one.
    """
    numbers = {name: nan if line[name] is None else line[name] for name in FIELDS}
    loss = line[f"{split}_loss"]
    return EpochFacts(
        epoch=line["epoch"],
        step=line["step"],
        optimizer=line["optimizer"],
        loss=nan if loss is None else loss,
        accuracy=line[f"{split}_accuracy"],
        **numbers,
    )


def latest_and_best(epochs: Sequence[EpochFacts]) -> tuple[EpochFacts, ...]:
    """The latest of some epochs, and before them the one with the lowest monitored loss."""
    latest = tuple(epochs[-EPOCHS:])
    earlier = [each for each in epochs[:-EPOCHS] if each.loss == each.loss]
    best = min(earlier, key=lambda each: each.loss, default=None)
    return latest if best is None else (best, *latest)


def change_of(event: SettingChanged, before: Settings) -> SettingChange:
    """A changed setting, with its words.

    Args:
        event: that tells of it.
        before: the settings that the event before it told of, or those of the beginning.
    """
    return SettingChange(
        event.step,
        event.epoch,
        event.setting,
        event.old,
        event.new,
        setting_change(event),
        same_command=event.settings == before,
    )


def changes_in(lineage: Lineage, config: RunConfig, epochs: Iterable[float]) -> list[SettingChange]:
    """The changes of settings that commands made.

    Args:
        lineage: the commands in force.
        config: the run's, with its number of epochs.
        epochs: the position of each command.
    """
    settings = settings_along(lineage, config)
    found: list[SettingChange] = []
    for (step, _), epoch, (old, new) in zip(lineage, epochs, pairwise(settings), strict=True):
        for event in SettingChanged.all_between(step, epoch, old, new):
            found.append(change_of(event, old))
            old = new
    return found


def inspection_of(inspected: Inspected, facts: Iterable[LayerFacts]) -> Inspection:
    """The layers of an inspected state, with their facts."""
    return Inspection(inspected.step, inspected.epoch, inspected.learning_rate, tuple(facts))


def record_of(
    config: RunConfig, settings: Settings, images: tuple[int, int, int], **known: Any
) -> Record:
    """What is known of a run.

    Args:
        config: the run's.
        settings: in force.
        images: how many are trained on and how many monitored, and the number of classes.
        known: other fields of `Record`.
    """
    training, monitored, classes = images
    return Record(
        classes=classes,
        training_images=training,
        monitored_images=monitored,
        hidden=config.hidden,
        optimizer=settings.optimizer,
        learning_rate=settings.learning_rate,
        augmented=settings.augment != "none",
        clip_norm=settings.clip_norm,
        clip_value=settings.clip_value,
        monitored_split=config.monitored_split,
        finished=known.get("epoch", 0.0) >= settings.epochs,
        **known,
    )
