"""The journal of a run: one JSON object a line, each written as it happens.

A line tells a command that took effect, with the step; where the run went back to; the results of
an epoch; a save; a beginning or an end. A line that was torn by a crash is dropped on reading.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from digit_tui.run.commands import Lineage
from digit_tui.run.lineage import is_ancestor, lineage_from_json, lineage_to_json
from digit_tui.storage.errors import RunError

Line = dict[str, Any]

TEST_OPENED = "test_opened"
"""The event of the line that tells it."""


class JournalFile:
    """The file, opened to append. What the disk refuses is kept and tried again."""

    def __init__(self, path: Path) -> None:
        """Open it, and drop what a crash left of a last line.

        Raises:
            OSError: if it can not be opened.
        """
        self._file = open(path, "ab")  # noqa: SIM115 - it stays open as long as the run
        self._good = _whole(path.read_bytes())
        self._waiting = b""
        self._cut = self._good < os.fstat(self._file.fileno()).st_size

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line, after those that could not be written before.

        Raises:
            OSError: if the disk refuses; the line is kept for the next call.
        """
        self._waiting += json.dumps(line, allow_nan=False).encode() + b"\n"
        self.flush()

    def flush(self) -> None:
        """Write what could not be written before.

        Raises:
            OSError: if the disk refuses again.
        """
        if self._cut:
            self._file.truncate(self._good)
        self._cut = True
        if self._waiting:
            waiting = memoryview(self._waiting)
            while waiting:
                waiting = waiting[os.write(self._file.fileno(), waiting) :]
            self._good += len(self._waiting)
            self._waiting = b""
        self._cut = False

    def sync(self) -> None:
        """Have it on the disk, whatever happens to the machine.

        Raises:
            OSError: if the disk refuses.
        """
        self.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def _whole(content: bytes) -> int:
    """How many bytes are whole lines."""
    return content.rfind(b"\n") + 1


def read_journal(path: Path) -> list[Line]:
    """All lines; a torn last one is dropped, and a file that is not there has none.

    Raises:
        RunError: if it can not be read, or a line is no JSON object.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{path} can not be read: {error.strerror}") from error
    lines = []
    for number, text in enumerate(content[: _whole(content)].splitlines(), 1):
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            raise RunError(f"{path} is damaged: line {number} is no JSON object")
        lines.append(line)
    return lines


@dataclass(eq=False)
class History:
    """What a journal tells of a run: where it stands, and how it came there."""

    step: int = 0
    """The last step that is told of on the way that the run took in the end."""
    lineage: Lineage = ()
    """The commands in force."""
    epochs: list[Line] = field(default_factory=list)
    """Results of the epochs on this way."""
    go_back_count: int = 0
    """How often the run went back."""
    test_opened: int | None = None
    """The step at which the test set was first opened, if the run is watched with other digits."""

    keeps_epochs: bool = True
    """Whether it keeps the results of epochs; a run of quick ones makes a hundred thousand."""

    def __post_init__(self) -> None:
        self._all: list[tuple[Lineage, Line]] = []

    def without_epochs(self) -> History:
        """The same, but for the results of the epochs."""
        return replace(self, epochs=[], keeps_epochs=False)

    @property
    def end(self) -> int:
        """The last step that is known to have been made, or that a command was given at."""
        return max([self.step, *(applied.step for applied in self.lineage)])

    @classmethod
    def of(cls, lines: list[Line]) -> History:
        """The history that lines tell.

        Raises:
            KeyError, TypeError, ValueError: if they are no journal.
        """
        history = cls()
        for line in lines:
            history.add(line)
        return history

    def add(self, line: Line) -> None:
        """Learn what happened next."""
        if line.get("command") == "go_back":
            self.go_back_count += 1
            self.go_back(_number(line, "to"), lineage_from_json(line["course"]))
            return
        if "command" in line:
            self.lineage += lineage_from_json([line])
        elif line.get("event") == "epoch_ended":
            epoch, _ = _number(line, "epoch"), _number(line, "step")
            if self.keeps_epochs:
                self._all.append((self.lineage, line))
                while self.epochs and self.epochs[-1]["epoch"] >= epoch:
                    self.epochs.pop()
                self.epochs.append(line)
        elif line.get("event") == "resumed":
            self.step = _number(line, "step")
            self._sort_epochs(self.step)
        elif line.get("event") == TEST_OPENED and self.test_opened is None:
            self.test_opened = _number(line, "step")
        if "step" in line:
            self.step = max(self.step, _number(line, "step"))

    def go_back(self, step: int, lineage: Lineage) -> None:
        """The run went to another moment."""
        self.step, self.lineage = step, lineage
        self._sort_epochs(step)

    def on_lineage(self, step: int, lineage: Lineage, go_back_count: int) -> bool:
        """Whether a moment that was saved is on the way that the run took in the end.

        Args:
            step: of the moment.
            lineage: what had steered the run by then.
            go_back_count: how often it had gone back by then.
        """
        end = self.end
        if go_back_count == self.go_back_count:
            # Nothing was undone since. It may be beyond what is told, for a crash came before
            # the line.
            end = max(end, step)
        return is_ancestor(step, lineage, end, self.lineage)

    def _sort_epochs(self, step: int) -> None:
        """Find the epochs on the way to a step."""
        found = {
            line["epoch"]: line
            for lineage, line in self._all
            if is_ancestor(line["step"], lineage, step, self.lineage)
        }
        self.epochs = [found[epoch] for epoch in sorted(found)]


def _number(line: Line, key: str) -> int:
    value = line[key]
    if not isinstance(value, int):
        raise TypeError(f"{key} {value!r} is no whole number")
    return value


def command_line(lineage: Lineage) -> Line:
    """The line that tells the last command of a lineage."""
    return lineage_to_json(lineage[-1:])[0]


def go_back_line(step: int, to: int, lineage: Lineage) -> Line:
    """The line that tells where a run went back to."""
    return {"step": step, "command": "go_back", "to": to, "course": lineage_to_json(lineage)}
