"""What a saved run tells: at a glance, setting by setting, and command by command."""

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
from digit_tui.run.commands import Lineage, SetBatchSize
from digit_tui.run.settings import Settings, changes_of
from digit_tui.run.wording import NAMES, setting_value, setting_words
from digit_tui.storage.errors import RunError
from digit_tui.storage.journal import History, Line
from digit_tui.storage.run_files import JOURNAL, RECORD
from digit_tui.storage.saved_run import SavedRun

COUNTS = ("training_images", "validation_images", "test_images", "classes")
"""What is read of a run's digits."""

RESULTS = {"weights_sha256": str, "seconds": float}
LOOKS = {
    f"{digits}_{what}": kind
    for digits in ("validation", "test")
    for what, kind in (("accuracy", float), ("correct", int), ("total", int))
}
"""What is read of a run's final results; where nobody looked, LOOKS are None."""

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
"""Values of RunConfig that no command changes, as a person calls them."""


@dataclass(frozen=True)
class CommandRecord:
    """A command that took effect, or a way back, as the journal tells it."""

    step: int
    epoch: float
    """Completed epochs at this step, with the part of the next one."""
    words: str
    undone: bool
    """Whether the run has gone back to before it, for good."""


@dataclass(frozen=True, eq=False)
class RunSummary:
    """A saved run at a glance. All that is in here was checked to be what it should be."""

    saved: SavedRun
    started: datetime
    """In the time zone of here."""
    images: int
    """To train on."""
    monitored_split: str
    """Which digits it was watched with: test or validation."""
    monitored_images: int
    """How many those are."""
    test_images: int
    network: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    settings: Settings
    """Those in force where the run stands."""
    step: int
    """Where it stands."""
    commands: int
    """How many changed it and are in force."""
    command_records: list[CommandRecord]
    """All commands that changed it, and all ways back, in their order."""
    curves: dict[str, NDArray[np.float64]]
    """(epochs,) each, of the epochs in force: "epoch", and "loss" and "accuracy" with "train_" and
    "monitored_" before them; NaN where was no number."""
    test_opened: int | None
    """The step at which the test digits were first looked at, if it was watched with others."""
    results: dict[str, Any] | None
    """RESULTS and LOOKS, if it has ended and was not begun again since."""

    @classmethod
    def of(cls, saved: SavedRun) -> RunSummary:
        """Read what the run's folder tells.

        Raises:
            RunError: if the record or the journal is damaged.
        """
        with _checking(saved.path / RECORD):
            started = saved.started
            data = saved.record["data"]
            images, validation_images, test_images, classes = (int(data[name]) for name in COUNTS)
            if min(images, test_images, classes) < 1:
                raise ValueError("a data set without images")
            results = saved.record["results"]
            if results is not None:
                results = {name: kind(results[name]) for name, kind in RESULTS.items()} | {
                    name: None if results[name] is None else kind(results[name])
                    for name, kind in LOOKS.items()
                }
            if saved.record["state"] == "running":  # they are of an earlier end
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
        """Completed epochs."""
        return int(self.curves["epoch"][-1]) if len(self.curves["epoch"]) else 0

    @property
    def best(self) -> tuple[int, float] | None:
        """The first epoch with the highest monitored accuracy, and that accuracy as a fraction."""
        accuracies = self.curves["monitored_accuracy"]
        if not np.isfinite(accuracies).any():
            return None
        index = int(np.nanargmax(accuracies))
        return int(self.curves["epoch"][index]), float(accuracies[index])

    def choices(self) -> dict[str, tuple[Any, Any]]:
        """Each setting by its name: its value in the beginning, and where the run stands."""
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
    """Say which file is to blame for values that are not what they should be."""
    try:
        yield
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{file} is damaged: {error!r}") from error


def choice_words(choice: tuple[Any, Any]) -> str:
    """A setting's value, for example "adamw", or "adamw → sgd" if it was changed on the way."""
    words = [_value_words(value) for value in choice]
    return words[0] if choice[0] == choice[1] else " → ".join(words)


def _value_words(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return setting_value(value)


def differing(runs: Sequence[RunSummary]) -> dict[str, list[str]]:
    """The settings that are not the same in all runs: by name, each run's in words."""
    tables = [run.choices() for run in runs]
    return {
        name: [choice_words(table[name]) for table in tables]
        for name in tables[0]
        if any(table[name] != tables[0][name] for table in tables)
    }


def settings_after(config: RunConfig, lineage: Lineage) -> Settings:
    """The settings of a run after the commands that steered it.

    Raises:
        ArithmeticError, TypeError, ValueError: if they are impossible ones.
    """
    settings = Settings.of(config)
    for applied in lineage:
        settings = replace(settings, **changes_of(applied.command, settings, config))
    config.with_(**asdict(settings))  # checks the ranges
    return settings


def command_records_of(lines: Sequence[Line], batch_size: int, images: int) -> list[CommandRecord]:
    """The commands and the ways back in a journal.

    Args:
        lines: the journal's.
        batch_size: the one that the run began with.
        images: there are to train on.

    Raises:
        ArithmeticError, KeyError, TypeError, ValueError: if they are no journal.
    """
    history = History()
    found: list[CommandRecord] = []
    places: dict[Lineage, int] = {}  # in `found`, by what had steered the run, the command included
    for line in lines:
        before = history.lineage
        history.add(line)
        if line.get("command") == "go_back":
            epoch = position(line["step"], before, batch_size, images)
            found.append(CommandRecord(line["step"], epoch, f"back to step {line['to']:,}", False))
        elif "command" in line:
            step, command = history.lineage[-1]
            epoch = position(step, history.lineage, batch_size, images)
            places[history.lineage] = len(found)
            found.append(CommandRecord(step, epoch, setting_words(command), True))
    for count in range(1, len(history.lineage) + 1):
        place = places.get(history.lineage[:count])
        if place is not None:  # it is on the way that the run took in the end
            found[place] = replace(found[place], undone=False)
    return found


def position(step: int, lineage: Lineage, batch_size: int, images: int) -> float:
    """Completed epochs at a step, with the part of the next one.

    Args:
        step: on the way that `lineage` steers.
        lineage: commands; those that set the size of a batch count.
        batch_size: the one that the run began with.
        images: there are to train on.
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
