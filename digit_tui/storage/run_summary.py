"""A saved run in numbers and words: its results, its curves and its settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import RunConfig
from digit_tui.run.commands import Lineage
from digit_tui.run.settings import Settings, changes_of
from digit_tui.run.wording import NAMES, setting_value
from digit_tui.storage.command_records import CommandRecord, command_records_of
from digit_tui.storage.errors import RunError
from digit_tui.storage.history import History
from digit_tui.storage.run_files import JOURNAL, RECORD
from digit_tui.storage.saved_run import SavedRun

COUNTS = ("training_images", "validation_images", "test_images", "classes")
"""What is read from Dataset.summary() in run.json."""

RESULTS = {"weights_sha256": str, "seconds": float}
EVALUATIONS = {
    f"{split}_{what}": kind
    for split in ("validation", "test")
    for what, kind in (("accuracy", float), ("correct", int), ("total", int))
}
"""What is read from the final results in run.json, with types. Of a split that was not evaluated,
EVALUATIONS are None."""

CONFIG_NAMES = {
    "preset": "preset",
    "hidden": "hidden layers",
    "schedule": "schedule",
    "average": "averaging",
    "validation": "held out",
    "side": "side",
    "seed": "seed",
    "threads": "threads",
}
"""The fields of RunConfig that no command changes, in words."""


@dataclass(frozen=True, eq=False)
class RunSummary:
    """A saved run in numbers, all of them validated."""

    saved: SavedRun
    started: datetime
    """In the local time zone."""
    images: int
    """Number of training images."""
    monitored_split: str
    """test or validation"""
    monitored_images: int
    """Number of images in the monitored split."""
    test_images: int
    network: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    settings: Settings
    """The settings in force at `step`."""
    step: int
    """The last step of the run."""
    commands: int
    """Number of applied commands, without those that were undone."""
    command_records: list[CommandRecord]
    """All applied commands and all going back, oldest first."""
    curves: dict[str, NDArray[np.float64]]
    """"epoch", "train_loss", "train_accuracy", "monitored_loss" and "monitored_accuracy": (epochs,)
    each, without the epochs that were undone; NaN where the network had diverged."""
    test_opened: int | None
    """The step at which the test set was first evaluated, if the run has a validation set."""
    results: dict[str, Any] | None
    """The final results, RESULTS and EVALUATIONS; None while the run has not ended."""

    @classmethod
    def of(cls, saved: SavedRun) -> RunSummary:
        """Summarize a run from its run.json and journal.

        Raises:
            RunError: if the record or the journal is damaged.
        """
        with _checking(saved.path / RECORD):
            started = saved.started
            data = saved.record["data"]
            images, validation_images, test_images, classes = (int(data[name]) for name in COUNTS)
            if min(images, test_images, classes) < 1:
                raise ValueError("a dataset without images")
            results = saved.record["results"]
            if results is not None:
                results = {name: kind(results[name]) for name, kind in RESULTS.items()} | {
                    name: None if results[name] is None else kind(results[name])
                    for name, kind in EVALUATIONS.items()
                }
            if saved.record["state"] == "running":  # resumed: the results are of an earlier end
                results = None
        lines = saved.lines()
        with _checking(saved.path / JOURNAL):
            history = History.of(lines)
            settings = settings_after(saved.config, history.lineage)
            epochs = history.epochs
            curves = {"epoch": np.array([int(line["epoch"]) for line in epochs], np.float64)}
            monitored_split = saved.config.monitored_split
            for name, key in (("train", "train"), ("monitored", monitored_split)):
                for what in ("loss", "accuracy"):
                    values = [line[f"{key}_{what}"] for line in epochs]
                    curves[f"{name}_{what}"] = np.array(values, np.float64)
            records = command_records_of(lines, saved.config.batch_size, images)
        return cls(
            saved=saved,
            started=started,
            images=images,
            monitored_split=monitored_split,
            monitored_images=validation_images or test_images,
            test_images=test_images,
            network=(saved.config.side**2, *saved.config.hidden, classes),
            settings=settings,
            step=history.end,
            commands=len(history.lineage),
            command_records=records,
            curves=curves,
            test_opened=history.test_opened,
            results=results,
        )

    @property
    def epochs(self) -> int:
        """Number of completed epochs."""
        return int(self.curves["epoch"][-1]) if len(self.curves["epoch"]) else 0

    @property
    def best(self) -> tuple[int, float] | None:
        """The first epoch with the highest monitored accuracy, and that accuracy as a fraction.

        None if there is no epoch with an accuracy.
        """
        accuracies = self.curves["monitored_accuracy"]
        if not np.isfinite(accuracies).any():
            return None
        index = int(np.nanargmax(accuracies))
        return int(self.curves["epoch"][index]), float(accuracies[index])

    def choices(self) -> dict[str, tuple[Any, Any]]:
        """For each setting, by its name in words: its value at the start, and at `step`."""
        config = self.saved.config
        before, now = asdict(Settings.of(config)), asdict(self.settings)
        fixed = {name: getattr(config, field) for field, name in CONFIG_NAMES.items()}
        return {
            "data": (self.saved.data, self.saved.data),
            **{name: (value, value) for name, value in fixed.items()},
            **{name: (before[field], now[field]) for field, name in NAMES.items()},
            "commands": (self.commands, self.commands),
        }


@contextmanager
def _checking(file: Path) -> Iterator[None]:
    """Turn the errors of unexpected values into a RunError that names the file."""
    try:
        yield
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{file} is damaged: {error!r}") from error


def choice_words(choice: tuple[Any, Any]) -> str:
    """A setting in words, for example "adamw", or "adamw → sgd" if it was changed."""
    words = [_value_words(value) for value in choice]
    return words[0] if choice[0] == choice[1] else " → ".join(words)


def _value_words(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return setting_value(value)


def differing_settings(runs: Sequence[RunSummary]) -> dict[str, list[str]]:
    """The settings that differ between runs: by name, the words of each run."""
    tables = [run.choices() for run in runs]
    return {
        name: [choice_words(table[name]) for table in tables]
        for name in tables[0]
        if any(table[name] != tables[0][name] for table in tables)
    }


def settings_after(config: RunConfig, lineage: Lineage) -> Settings:
    """The settings of a run after the commands of a lineage.

    Raises:
        ArithmeticError, TypeError, ValueError: if a setting is out of range.
    """
    settings = Settings.of(config)
    for applied in lineage:
        settings = replace(settings, **changes_of(applied.command, settings, config))
    config.with_(**asdict(settings))  # checks the ranges
    return settings
