"""A saved run in numbers and words: its results, its curves and its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import ConfigError, RunConfig
from digit_tui.run.changes import settings_along
from digit_tui.run.commands import Lineage
from digit_tui.run.lineage import changes_weights_at, position
from digit_tui.run.setting_ranges import check_values
from digit_tui.run.setting_words import NAMES, field_value, setting_value
from digit_tui.run.settings import OPTIONLESS, Settings
from digit_tui.run.teacher_words import distilled_from
from digit_tui.storage.command_records import CommandRecord, command_records_of
from digit_tui.storage.errors import RunError
from digit_tui.storage.history import History, Trouble
from digit_tui.storage.journal import Line
from digit_tui.storage.run_files import JOURNAL
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.validation import Invalid

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
    """The settings that all commands lead to."""
    step: int
    """The last step of the run, or the one where it was left on its way to `aim`."""
    trouble: Trouble | None
    """In which it was left."""
    aim: float | None
    """The epoch to which it went back, if it was left on its way there; resumed, it goes on."""
    commands: int
    """Number of applied commands, without those that were undone."""
    command_records: list[CommandRecord]
    """All applied commands and all going back, oldest first."""
    forks: list[Line]
    """The lines of the journal that tell of its forks, oldest first."""
    curves: dict[str, NDArray[np.float64]]
    """"epoch", "train_loss", "train_accuracy", "monitored_loss" and "monitored_accuracy": (epochs,)
    each, without the epochs that were undone; NaN where the network had diverged."""
    best: tuple[float, float] | None
    """The highest monitored accuracy of the run's own evaluations in force, as a fraction, and
    before it the epoch where it was first reached; None if there is no evaluation."""
    test_opened: int | None
    """The step at which the test set was first evaluated, if the run has a validation set."""
    results: dict[str, Any] | None
    """The final results, see RunEnded; None while the run has not ended."""
    epoch_seconds: float
    """Training time of the epochs, those that were undone left out."""

    @classmethod
    def of(cls, saved: SavedRun) -> RunSummary:
        """Summarize a run from its run.json and journal.

        Raises:
            RunError: if the record or the journal is damaged.
        """
        data, results = saved.record["data"], saved.record["results"]
        images, validation_images, test_images = (
            data[f"{split}_images"] for split in ("training", "validation", "test")
        )
        if saved.record["state"] == "running":  # resumed: the results are of an earlier end
            results = None
        lines = saved.lines()
        try:
            history = History.of(lines, saved.start)
            settings = settings_of(saved, history)
            records = command_records_of(lines, saved.config.batch_size, images)
        except Invalid as error:
            raise RunError(f"{saved.path / JOURNAL} is damaged: {error}") from error
        epochs, monitored_split = history.epochs, saved.config.monitored_split
        curves = {"epoch": np.array([line["epoch"] for line in epochs], np.float64)}
        for name, key in (("train", "train"), ("monitored", monitored_split)):
            for what in ("loss", "accuracy"):
                values = [line[f"{key}_{what}"] for line in epochs]
                curves[f"{name}_{what}"] = np.array(values, np.float64)
        return cls(
            saved=saved,
            started=saved.started,
            images=images,
            monitored_split=monitored_split,
            monitored_images=validation_images or test_images,
            test_images=test_images,
            network=(saved.config.side**2, *saved.config.hidden, data["classes"]),
            settings=settings,
            step=history.left_at,
            trouble=history.trouble,
            aim=aim_of(saved, history),
            commands=len(history.lineage),
            command_records=records,
            forks=[line for line in lines if line.get("event") == "forked"],
            curves=curves,
            best=_best(saved, history, results, images),
            test_opened=history.test_opened,
            results=results,
            epoch_seconds=sum(line["seconds"] or 0.0 for line in epochs),
        )

    @property
    def seconds(self) -> float:
        """The training time, before the run was resumed too; that of whole epochs until it ends.

        What was undone does not count, and what was trained again counts once. The results that
        earlier versions wrote have another time: all that passed since the run was last resumed,
        pauses and evaluations included. The epochs are nearer to the truth where they took longer.
        """
        return max(0.0 if self.results is None else self.results["seconds"], self.epoch_seconds)

    @property
    def imported_from(self) -> str:
        """The name of the file whose weights it began with; "" if there was none."""
        initial = self.saved.record.get("initial_weights") or {}
        return str(initial.get("source", ""))

    @property
    def state_words(self) -> str:
        """What it does or how it ended, for people."""
        state = self.saved.state()
        if self.saved.replay_of is not None and state in ("finished", "stopped"):
            return "replay"
        if state not in ("stopped", "interrupted"):
            return state
        if self.trouble is not None:
            return self.trouble.reason
        return "imported" if self.imported_from and not self.step else state

    @property
    def epochs(self) -> int:
        """Number of completed epochs."""
        return int(self.curves["epoch"][-1]) if len(self.curves["epoch"]) else 0

    def choices(self) -> dict[str, tuple[Any, Any]]:
        """For each setting, by its name in words: its value at the start, and at `step`."""
        config = self.saved.config
        before, now = asdict(Settings.of(config)), asdict(self.settings)
        about = self.saved.teacher_about
        teacher = "none" if about is None else distilled_from(about)
        fixed = {name: getattr(config, field) for field, name in CONFIG_NAMES.items()}
        return {
            "data": (self.saved.data, self.saved.data),
            **{name: (value, value) for name, value in fixed.items()},
            **{name: (before[field], now[field]) for field, name in NAMES.items()},
            **{
                NAMES[field]: (field_value(field, before[field]), field_value(field, now[field]))
                for field in OPTIONLESS
            },
            "teacher": (teacher, teacher),
            "commands": (self.commands, self.commands),
        }


def aim_of(saved: SavedRun, history: History) -> float | None:
    """The epoch to which a run was on its way when it was left; None if it was on none."""
    if history.aim is None or history.aim[0] <= history.reached:
        return None
    return saved.epoch_at(history.aim[0], history)


def _best(
    saved: SavedRun, history: History, results: dict[str, Any] | None, images: int
) -> tuple[float, float] | None:
    """See `RunSummary.best`: the ends of epochs, evaluations between them, and the last one."""
    name = f"{saved.config.monitored_split}_accuracy"
    # A fork that was taught something, or pruned, is no longer the run that it was forked from.
    start = history.start - changes_weights_at(history.start, history.lineage)
    lines = [each for each in history.epochs if each["step"] > history.start]
    lines += [each for each in history.evaluations if each["step"] > start]
    found = [(line["epoch"], line[name]) for line in lines]
    # Weights that came from elsewhere are worth a look before the first step.
    least = start - ("initial_weights" in saved.record)
    if results is not None and results["steps"] > least:
        # Earlier versions recorded the last evaluation only here.
        epoch = position(results["steps"], history.lineage, saved.config.batch_size, images)
        found.append((epoch, results[name]))
    measured = [each for each in found if each[1] is not None]
    return max(measured, key=lambda each: (each[1], -each[0]), default=None)


def choice_words(name: str, choice: tuple[Any, Any]) -> str:
    """A setting in words, for example "adamw", or "adamw → sgd" if it was changed.

    Args:
        name: of the setting, as `choices` has it.
        choice: its value at the start, and now.
    """
    words = [_value_words(name, value) for value in choice]
    return words[0] if choice[0] == choice[1] else " → ".join(words)


def _value_words(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return field_value("sam", value) if name == NAMES["sam"] else setting_value(value)


def differing_settings(runs: Sequence[RunSummary]) -> dict[str, list[str]]:
    """The settings that differ between runs: by name, the words of each run."""
    tables = [run.choices() for run in runs]
    return {
        name: [choice_words(name, table[name]) for table in tables]
        for name in tables[0]
        if any(table[name] != tables[0][name] for table in tables)
    }


def settings_of(saved: SavedRun, history: History) -> Settings:
    """The settings that the commands of a saved run lead to.

    Raises:
        RunError: if one is out of range.
    """
    try:
        return settings_after(saved.config, history.lineage)
    except ConfigError as error:
        raise RunError(
            f"{saved.path / JOURNAL} is damaged: its commands lead to "
            f"{error.option.replace('_', ' ')} {error}"
        ) from error


def settings_after(config: RunConfig, lineage: Lineage) -> Settings:
    """The settings of a run after the commands of a lineage.

    Raises:
        ConfigError: if a setting is out of range.
    """
    settings = settings_along(lineage, config)[-1]
    check_values(asdict(settings), config)
    return settings
