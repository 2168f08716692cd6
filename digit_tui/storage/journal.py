"""The journal of a run: a file of JSON Lines, each written when something happens.

A line records a command that took effect and at which step, going back to an earlier step, the
results of an epoch, a checkpoint, a resume, a fork, or the end. A last line that a crash left
incomplete is dropped on reading.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digit_tui.run.commands import Lineage
from digit_tui.run.lineage import lineage_to_json
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
        self._waiting = b""  # lines that the disk refused so far
        # Whether there may be an incomplete line after these, to be cut off.
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


def command_line(lineage: Lineage) -> Line:
    """The line that records the last command of a lineage."""
    return lineage_to_json(lineage[-1:])[0]


def go_back_line(step: int, to: int, lineage: Lineage) -> Line:
    """The line that records that a run went back from `step` to the step `to`."""
    return {"step": step, "command": "go_back", "to": to, "course": lineage_to_json(lineage)}
