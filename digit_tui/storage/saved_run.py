"""Reading a run from disk: what it was told, what happened, and its checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    GoBack,
    Stop,
    lineage_from_json,
)
from digit_tui.run.state import RunState
from digit_tui.run.versions import versions
from digit_tui.storage.checkpoint import SCHEMA, Checkpoint, read_checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.journal import History, Line, read_journal
from digit_tui.storage.lock import lock_owner
from digit_tui.storage.run_files import BEST, CHECKPOINTS, JOURNAL, RECORD

SavedState = Literal["running", "finished", "interrupted", "diverged"]


@dataclass(frozen=True, eq=False)
class StartPoint:
    """Where a trainer begins, if not with fresh weights; what is scheduled is then repeated."""

    state: RunState | None = None
    """None: the weights that the seed gives."""
    scheduled: Sequence[tuple[int, Command]] = ()
    """Commands that take effect at their steps, before any new one does."""
    history: History | None = None
    """What its folder tells, for a run that goes on."""
    complaints: Sequence[str] = ()
    """What was found wrong with the folder, one line each."""


@dataclass(eq=False)
class SavedRun:
    """A run's folder, as it was read."""

    path: Path
    record: dict[str, Any]
    """run.json"""
    config: RunConfig

    def __post_init__(self) -> None:
        self.complaints: list[str] = []
        """Checkpoints that could not be used, and why: one line each."""
        self.damaged: list[str] = []
        """Their names."""

    @classmethod
    def read(cls, path: Path) -> SavedRun:
        """Read run.json.

        Raises:
            RunError: if the folder is no run, or the file is damaged.
        """
        file = path / RECORD
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            if record["schema"] != SCHEMA:
                raise RunError(f"{file} has schema {record['schema']}, not {SCHEMA}")
            config = RunConfig.from_json(record["config"])
            # These are relied on.
            str(record["data"]["name"]), str(record["data"]["sha256"]), str(record["state"])
            record["versions"].items(), (record["results"] or {}).items()
            datetime.fromisoformat(record["started"])
        except FileNotFoundError:
            raise RunError(f"{path} is no run of digit-tui: it has no {RECORD}") from None
        except OSError as error:
            raise RunError(f"{file} can not be read: {error.strerror}") from error
        except ConfigError as error:
            raise RunError(f"{file} is damaged: {error.option}: {error}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{file} is damaged, or no record of a run") from error
        return cls(path, record, config)

    @property
    def data(self) -> str:
        """The digits' name or folder; what "auto" meant then may be something else by now."""
        name = self.config.data
        return str(self.record["data"]["name"]) if name == "auto" else name

    @property
    def started(self) -> datetime:
        """When it began, with the time zone."""
        return datetime.fromisoformat(self.record["started"]).astimezone()

    def state(self) -> SavedState:
        """What became of it."""
        if lock_owner(self.path) is not None:
            return "running"
        state = self.record["state"]
        if state == "finished" or self._all_learned():
            return "finished"
        return "diverged" if state == "diverged" else "interrupted"

    def _all_learned(self) -> bool:
        """Whether it was killed when there was nothing left to do."""
        try:
            history = self.history()
        except RunError:
            return False
        more = sum(
            applied.command.count
            for applied in history.lineage
            if isinstance(applied.command, AddEpochs)
        )
        planned = (self.config.epochs or 0) + more
        return bool(history.epochs) and history.epochs[-1]["epoch"] >= planned

    def lines(self) -> list[Line]:
        """The lines of the journal.

        Raises:
            RunError: if it is damaged.
        """
        return read_journal(self.path / JOURNAL)

    def history(self) -> History:
        """What the journal tells.

        Raises:
            RunError: if it is damaged.
        """
        try:
            return History.of(self.lines())
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{self.path / JOURNAL} is damaged: {error!r}") from error

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Those that can be read, the newest first; `complaints` tells of the others.

        Raises:
            RunError: if one belongs to another run than run.json tells of.
        """
        for name in CHECKPOINTS:
            try:
                checkpoint = read_checkpoint(self.path / name)
            except FileNotFoundError:
                continue
            except RunError as error:
                self.complaints.append(str(error))
                self.damaged.append(name)
                continue
            self._check(name, checkpoint)
            yield checkpoint

    def _check(self, name: str, checkpoint: Checkpoint) -> None:
        different = config_difference(self.config, checkpoint.config) or digits_difference(
            self.record["data"], checkpoint.data
        )
        if different:
            raise RunError(f"{self.path / name} does not belong to {RECORD}: {different}")

    def checkpoint(self, best: bool = False) -> Checkpoint:
        """The newest that can be read, or the best.

        Raises:
            RunError: if there is none.
        """
        if best:
            try:
                checkpoint = read_checkpoint(self.path / BEST)
            except FileNotFoundError:
                raise RunError(f"{self.path} has no {BEST}: no epoch was saved yet") from None
            self._check(BEST, checkpoint)
            return checkpoint
        for checkpoint in self.checkpoints():
            return checkpoint
        if self.complaints:
            raise RunError(self.complaints[0])
        raise RunError(f"{self.path} has no weights yet: the run was not saved")

    def check_digits(self, dataset: Dataset) -> None:
        """See that digits are those of the run.

        Raises:
            RunError: if they are others.
        """
        different = digits_difference(dataset.summary(), self.record["data"])
        if different:
            raise RunError(
                f"{dataset.source} holds other digits than {self.path} was trained on ({different})"
            )

    def resume(self) -> tuple[StartPoint, float]:
        """Where the run can go on, and the best test accuracy of its checkpoints.

        Without a checkpoint that can be used it goes on from the beginning: what it had learned is
        learned again, to the bit.

        Raises:
            RunError: if the journal is damaged, or a checkpoint belongs to another run.
        """
        history = self.history()
        found: Checkpoint | None = None
        for checkpoint in self.checkpoints():
            state = checkpoint.state
            # One that was saved before the run went back is not where it stands.
            on_lineage = history.on_lineage(state.step, state.lineage, checkpoint.returns)
            if found is None and on_lineage:
                found = checkpoint
        best = self._best_accuracy()
        complaints = self.complaints + self._other_versions()
        if found is None:
            if complaints:
                complaints.append("no checkpoint can be used: all is learned again, to the bit")
            return StartPoint(None, history.lineage, history, complaints), best
        scheduled = history.lineage[len(found.state.lineage) :]
        return StartPoint(found.state, scheduled, history, complaints), best

    def _best_accuracy(self) -> float:
        """Of the checkpoint that is kept as the best, if it can be read."""
        try:
            return self.checkpoint(best=True).best_accuracy
        except RunError:
            return 0.0

    def _other_versions(self) -> list[str]:
        """Why the last bits of what follows may differ."""
        then = self.record["versions"]
        return [
            f"{name} was {then.get(name)} and is {now}: results may differ in the last bits"
            for name, now in versions().items()
            if then.get(name) != now
        ]

    def replay_all(self) -> StartPoint:
        """How to repeat all that happened, what was undone included.

        Raises:
            RunError: if the journal is damaged.
        """
        return StartPoint(scheduled=all_commands(self.lines(), self.history().end))

    def replay(self) -> StartPoint:
        """How to repeat the way that the run took in the end, up to where it stands.

        What was undone left no trace in the state, so that it is not done again.

        Raises:
            RunError: if the journal is damaged.
        """
        history = self.history()
        return StartPoint(scheduled=[*history.lineage, (history.end, Stop())])


def all_commands(lines: Iterable[Line], end: int) -> list[tuple[int, Command]]:
    """All that was done to a run, in its order: what was undone, and the undoing, too.

    Raises:
        KeyError, TypeError, ValueError: if the lines are no journal.
    """
    commands: list[tuple[int, Command]] = []
    for line in lines:
        if line.get("command") == "go_back":
            commands.append((line["step"], GoBack(line["to"], lineage_from_json(line["course"]))))
        elif "command" in line:
            commands += lineage_from_json([line])
    return [*commands, (end, Stop())]


def config_difference(one: RunConfig, other: RunConfig) -> str:
    """What differs between two configurations, for example "seed 1, not 2"; empty if nothing.

    The name of the digits may differ: their sum tells which they are.
    """
    return ", ".join(
        f"{field.name} {getattr(one, field.name)}, not {getattr(other, field.name)}"
        for field in fields(one)
        if field.name != "data" and getattr(one, field.name) != getattr(other, field.name)
    )


def digits_difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """What differs between two Dataset.summary(), for example "side: 28, not 25"; or empty.

    The names may differ. The sums differ with anything else, which then says more.
    """
    for key in sorted({*one, *other} - {"name"}, key=lambda key: (key == "sha256", key)):
        if one.get(key) != other.get(key):
            now, then = (str(each.get(key))[:12] for each in (one, other))
            return f"{key.replace('_', ' ')}: {now}, not {then}"
    return ""
