"""Options by their names: those of a run, and the settings that can change while it trains."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, TypedDict

import numpy as np

from digit_tui.config import ConfigError, RunConfig, parse_widths
from digit_tui.data import counted
from digit_tui.run.commands import (
    AddEpochs,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    SetSam,
    Setting,
)
from digit_tui.run.setting_ranges import checked_changes
from digit_tui.run.settings import Settings


class ChangeOptions(TypedDict, total=False):
    """What a fork can do otherwise than its run."""

    optimizer: str
    learning_rate: float
    clip_norm: float | None
    clip_value: float | None
    sam: float
    augment: str


class SettingOptions(ChangeOptions, total=False):
    """The settings that can change while a run trains."""

    batch_size: int
    epochs: int


class RunOptions(SettingOptions, total=False):
    """The options of a run beside the preset, the data and the folder: see RunConfig."""

    hidden: Sequence[int]
    schedule: str
    weight_decay: float
    elastic: float | None
    average: bool
    validation: int
    side: int
    seed: int
    threads: int


CHANGES = tuple(ChangeOptions.__annotations__)
SETTINGS = tuple(SettingOptions.__annotations__)
OPTIONS = tuple(RunOptions.__annotations__)

ELSEWHERE = {"lr": "learning_rate", "clip": "clip_norm", "augmentation": "augment"}
"""What else people call them."""


def config_of(preset: str, data: str, options: Mapping[str, Any]) -> RunConfig:
    """The configuration of a run.

    Raises:
        ConfigError: if an option is unknown, or its value out of range.
    """
    check_names(options, OPTIONS, "option")
    given = {name: _plain(value) for name, value in options.items()}
    hidden = given.get("hidden")
    if isinstance(hidden, int):
        given["hidden"] = (hidden,)
    try:
        if isinstance(hidden, str):
            given["hidden"] = parse_widths(hidden)
        return RunConfig.from_preset(preset, data=data, **given)
    except ConfigError as error:
        raise _named(error) from error


def check_names(given: Collection[str], known: Sequence[str], what: str) -> None:
    """Refuse unknown names, and say which ones are near.

    Args:
        given: the names.
        known: the possible ones.
        what: "option" or "setting".

    Raises:
        ConfigError: if one is unknown.
    """
    for name in given:
        if name in known:
            continue
        near = [ELSEWHERE.get(name, name), name.lower().replace("-", "_")]
        close = [each for each in near if each in known][:1]
        close = close or get_close_matches(name, known, n=2, cutoff=0.6)
        if close:
            raise ConfigError(name, f"unknown {what} {name!r}: did you mean {' or '.join(close)}?")
        if name in {field.name for field in fields(RunConfig)}:
            fixed = "is the same in a fork" if name in SETTINGS else "is chosen when a run begins"
            raise ConfigError(name, f"{name} {fixed}; what can change is {', '.join(known)}")
        raise ConfigError(name, f"unknown {what} {name!r}: it is none of {', '.join(known)}")


def _named(error: ConfigError) -> ConfigError:
    """The error with the name of the option before its reason."""
    return ConfigError(error.option, f"{error.option.replace('-', '_')}: {error}")


def _plain(value: Any) -> Any:
    """A value as RunConfig has it: no NumPy scalars, tuples for sequences."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(_plain(each) for each in value)
    return value


def setting_commands(
    options: Mapping[str, Any], known: Sequence[str], settings: Settings
) -> list[Setting]:
    """The commands that change settings, in the order in which they take effect.

    Args:
        options: names and values.
        known: the possible names.
        settings: those in force.

    Raises:
        ConfigError: if a name is unknown, or epochs would be taken away.
    """
    check_names(options, known, "setting")
    given = {name: _plain(value) for name, value in options.items()}
    for name in ("optimizer", "learning_rate", "augment", "batch_size", "epochs"):
        if name in given and given[name] is None:
            raise ConfigError(name, f"{name} must have a value")
    commands: list[Setting] = []
    if "optimizer" in given:
        commands.append(SetOptimizer(given["optimizer"], given.get("learning_rate")))
    elif "learning_rate" in given:
        commands.append(SetLearningRate(given["learning_rate"]))
    if "clip_norm" in given or "clip_value" in given:
        commands.append(SetClipping(given.get("clip_norm"), given.get("clip_value")))
    if "sam" in given:
        commands.append(SetSam(given["sam"]))
    if "augment" in given:
        commands.append(SetAugmentation(given["augment"]))
    if "batch_size" in given:
        commands.append(SetBatchSize(given["batch_size"]))
    if "epochs" in given:
        commands.append(AddEpochs(_more_epochs(given["epochs"], settings)))
    return commands


def _more_epochs(epochs: Any, settings: Settings) -> int:
    if isinstance(epochs, bool) or not isinstance(epochs, int):
        raise ConfigError("epochs", f"epochs: {epochs!r} is not a whole number")
    if epochs < settings.epochs:
        there = counted(settings.epochs, "epoch")
        reason = f"the run has {there}, and can only be made longer"
        raise ConfigError("epochs", f"epochs: {epochs} is too few: {reason}")
    return epochs - settings.epochs


def check_commands(commands: Sequence[Setting], settings: Settings, config: RunConfig) -> None:
    """Check that the values of commands are in range, before any of them is carried out.

    Raises:
        ConfigError: if one is not.
        TypeError: if one is no command that changes settings.
    """
    for command in commands:
        if not isinstance(command, Setting):
            raise TypeError(f"{command!r} is no command that changes a setting")
        try:
            checked_changes(command, settings, config)
        except ConfigError as error:
            raise _named(error) from error
        except TypeError as error:
            raise ConfigError("config", f"{command!r} has a value of the wrong type") from error
