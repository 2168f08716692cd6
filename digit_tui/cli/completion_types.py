"""What a shell completes: names of runs, studies and datasets, changes of a fork, what to try.

Nothing here imports NumPy: a person waits for it after each tab.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from digit_tui.config import AUGMENTATIONS, CHOICES, OPTIMIZERS, SOURCES

MOST_RUNS = 200
"""The newest ones; more are not listed."""
MOST_BYTES = 1_000_000
"""Of a run.json that is read for the help."""
STUDY_FILES = ("journal.log", "study.json")
"""One of them is in the folder of a study; the tests compare them with those of `sweep.finding`,
which imports NumPy."""
FORK_CHANGES: dict[str, tuple[str, ...]] = {
    "optimizer": OPTIMIZERS,
    "lr": (),
    "clip-norm": ("off",),
    "clip-value": ("off",),
    "sam": ("off",),
    "augment": AUGMENTATIONS,
    "off": (),
    "prune": (),
    "teach": ("mine",),
}
"""The names that --fork takes, with those of their values that have a name; the tests compare them
with `run.settings`, which imports NumPy."""

SAVED_RUN = "RUN is the name or the folder of a saved run, or last: digit-tui runs lists them"


class Completed(click.ParamType[str]):
    """A text as it is typed, of which a shell completes the rest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return self.items(incomplete)

    @abstractmethod
    def items(self, incomplete: str) -> list[CompletionItem]:
        """What it may become."""


class RunName(Completed):
    """A saved run: its folder, its name, or last."""

    name = "run"

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        return SAVED_RUN

    def items(self, incomplete: str) -> list[CompletionItem]:
        return complete_runs(incomplete)


class DataName(Completed):
    """A dataset: its name, or a folder."""

    name = "name|dir"

    def items(self, incomplete: str) -> list[CompletionItem]:
        names = [CompletionItem(name) for name in SOURCES if name.startswith(incomplete)]
        return names or [CompletionItem(incomplete, type="dir")]


class StudyName(Completed):
    """A study of a sweep: its name, its folder, or the URL of a database."""

    name = "study"

    def items(self, incomplete: str) -> list[CompletionItem]:
        return complete_studies(incomplete)


class Tried(Completed):
    """A setting with the values that a sweep tries, such as optimizer=sgd,adam."""

    name = "name=values"

    def items(self, incomplete: str) -> list[CompletionItem]:
        return complete_tried(incomplete)


RUN_NAME, DATA_NAME, STUDY_NAME, TRIED = RunName(), DataName(), StudyName(), Tried()


def complete_runs(incomplete: str) -> list[CompletionItem]:
    """The names of saved runs, the newest first; folders where a path is begun."""
    from digit_tui.storage.run_files import runs_folder

    if incomplete.startswith((".", "/", "~")) or "/" in incomplete:
        return [CompletionItem(incomplete, type="dir")]
    saved = []
    try:
        for entry in runs_folder().iterdir():
            record = entry / "run.json"
            with suppress(OSError):  # it is no run
                saved.append((record.stat().st_mtime, entry.name, record))
    except OSError:  # no run was ever saved
        pass
    found = [each for each in sorted(saved, reverse=True) if each[1].startswith(incomplete)]
    runs = [
        CompletionItem(name, help=_told(record))
        for _, name, record in found[:MOST_RUNS]
        if name.isprintable()
    ]
    if saved and "last".startswith(incomplete):
        runs.insert(0, CompletionItem("last", help="the run used last"))
    return runs or [CompletionItem(incomplete, type="dir")]


def complete_studies(incomplete: str) -> list[CompletionItem]:
    """The names of the studies of this machine; folders where there is none of the name."""
    from digit_tui.storage.run_files import sweeps_folder

    names: list[str] = []
    with suppress(OSError):  # no study was ever begun
        names = sorted(
            entry.name
            for entry in sweeps_folder().iterdir()
            if entry.name.startswith(incomplete)
            and any((entry / file).exists() for file in STUDY_FILES)
        )
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="dir")]


def complete_tried(incomplete: str) -> list[CompletionItem]:
    """The name of a setting that can be tried, or the last of its values."""
    from digit_tui.sweep.space import FIELDS

    name, equals, values = incomplete.partition("=")
    if not equals:
        return [CompletionItem(f"{each}=") for each in FIELDS if each.startswith(name)]
    last = re.split("[,|]", values)[-1]
    before = incomplete.removesuffix(last)
    choices = ("on", "off") if name == "average" else CHOICES.get(FIELDS.get(name, ""), ())
    return [CompletionItem(f"{before}{each}") for each in choices if each.startswith(last)]


def complete_changes(incomplete: str) -> list[CompletionItem]:
    """The last of the changes of a fork, such as lr= in optimizer=sgd,l."""
    before, comma, last = incomplete.rpartition(",")
    name, equals, value = last.partition("=")
    values: Iterable[str]
    if equals:
        values = (f"{name}={each}" for each in FORK_CHANGES.get(name, ()) if each.startswith(value))
    else:
        values = (f"{each}=" for each in FORK_CHANGES if each.startswith(name))
    return [CompletionItem(f"{before}{comma}{each}") for each in values]


def _told(record: Path) -> str | None:
    """What a run is, in some words; None if its run.json does not say it."""
    try:
        with open(record, "rb") as file:
            known = json.loads(file.read(MOST_BYTES))
        results, config = known["results"] or {}, known["config"]
        accuracy = results.get("test_accuracy")
        told = f"{config['preset']}, {config['optimizer']}, seed {config['seed']}"
        if isinstance(accuracy, float):
            told += f", {accuracy:.2%}"
        return told if told.isprintable() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
