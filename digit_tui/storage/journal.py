"""The journal of a run: a file of JSON Lines, each written when something happens.

A line records a command that took effect and at which step, going back to an earlier step, the
results of an epoch, a checkpoint, a resume, a fork, or the end. A last line that a crash left
incomplete is dropped on reading.
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
"""The event of the line that records the first evaluation of the test set, in a run that is
monitored on a validation set."""


class JournalFile:
    """The file, opened to append. Lines that the disk refuses are kept and tried again."""

    def __init__(self, path: Path) -> None:
        """Open it; an incomplete last line is cut off before the next one is written.

        Raises:
            OSError: if it cannot be opened.
        """
        self._file = open(path, "ab")  # noqa: SIM115 - it stays open as long as the run
        self._good = _whole(path.read_bytes())  # bytes of complete lines
        self._waiting = b""
        self._cut = self._good < os.fstat(self._file.fileno()).st_size

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line, after any that could not be written earlier.

        Raises:
            OSError: if the disk refuses; the line is kept for the next call.
        """
        self._waiting += json.dumps(line, allow_nan=False).encode() + b"\n"
        self.flush()

    def flush(self) -> None:
        """Write the lines that could not be written earlier.

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
        """Flush to the disk, so that the lines survive a power cut.

        Raises:
            OSError: if the disk refuses.
        """
        self.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def _whole(content: bytes) -> int:
    """The number of bytes in complete lines."""
    return content.rfind(b"\n") + 1


def read_journal(path: Path) -> list[Line]:
    """All complete lines of a journal; none if the file does not exist.

    Raises:
        RunError: if it cannot be read, or a line is not a JSON object.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from error
    lines = []
    for number, text in enumerate(content[: _whole(content)].splitlines(), 1):
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            raise RunError(f"{path} is damaged: line {number} is not a JSON object")
        lines.append(line)
    return lines


@dataclass(eq=False)
class History:
    """What a journal says of a run: its latest step, and the commands and epochs that led there."""

    step: int = 0
    """The last step that the journal mentions, since the run last went back."""
    lineage: Lineage = ()
    """The commands in force, without those that were undone."""
    epochs: list[Line] = field(default_factory=list)
    """The lines with the results of epochs, without those that were undone."""
    go_back_count: int = 0
    """How many times the run went back."""
    test_opened: int | None = None
    """The step at which the test set was first evaluated, if the run has a validation set."""

    keeps_epochs: bool = True
    """Whether `epochs` is filled; a run of short epochs may have a hundred thousand."""

    def __post_init__(self) -> None:
        self._all: list[tuple[Lineage, Line]] = []

    def without_epochs(self) -> History:
        """The same history, which from now on does not keep the results of epochs."""
        return replace(self, epochs=[], keeps_epochs=False)

    @property
    def end(self) -> int:
        """The last step that is known: one that was made, or one at which a command was given."""
        return max([self.step, *(applied.step for applied in self.lineage)])

    @classmethod
    def of(cls, lines: list[Line]) -> History:
        """The history from the lines of a journal.

        Raises:
            KeyError, TypeError, ValueError: if they are not those of a journal.
        """
        history = cls()
        for line in lines:
            history.add(line)
        return history

    def add(self, line: Line) -> None:
        """Add the next line of the journal.

        Raises:
            KeyError, TypeError, ValueError: if it is not a line of a journal.
        """
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
        """The run went to another step, with the lineage that it has there."""
        self.step, self.lineage = step, lineage
        self._sort_epochs(step)

    def on_lineage(self, step: int, lineage: Lineage, go_back_count: int) -> bool:
        """Whether a saved state led to where the run is now, so that it was not undone.

        Args:
            step: of the saved state.
            lineage: of the saved state.
            go_back_count: how many times the run had gone back when the state was saved.
        """
        end = self.end
        if go_back_count == self.go_back_count:
            # Nothing was undone since. The state may be ahead of the journal, if a crash came
            # before the next line.
            end = max(end, step)
        return is_ancestor(step, lineage, end, self.lineage)

    def _sort_epochs(self, step: int) -> None:
        """Set `epochs` to those that led to a step."""
        found = {
            line["epoch"]: line
            for lineage, line in self._all
            if is_ancestor(line["step"], lineage, step, self.lineage)
        }
        self.epochs = [found[epoch] for epoch in sorted(found)]


def _number(line: Line, key: str) -> int:
    value = line[key]
    if not isinstance(value, int):
        raise TypeError(f"{key} {value!r} is not a whole number")
    return value


def command_line(lineage: Lineage) -> Line:
    """The line that records the last command of a lineage."""
    return lineage_to_json(lineage[-1:])[0]


def go_back_line(step: int, to: int, lineage: Lineage) -> Line:
    """The line that records that a run went back from `step` to the step `to`."""
    return {"step": step, "command": "go_back", "to": to, "course": lineage_to_json(lineage)}
