"""The journal of a run: a file of JSON Lines, each written when something happens.

A line records a command that took effect and at which step, going back to an earlier step, the
results of an epoch, an evaluation, a checkpoint, a resume, a fork, or the end. A last line that a
crash left incomplete is dropped on reading.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from digit_tui.data import printable, reason_of
from digit_tui.run.commands import Lineage
from digit_tui.run.events import Evaluated
from digit_tui.run.lineage import lineage_to_json
from digit_tui.storage.errors import RunError
from digit_tui.storage.journal_lines import EVALUATED, check_line
from digit_tui.storage.own_files import open_own
from digit_tui.storage.reading import open_file
from digit_tui.storage.validation import Invalid, parse_json

Line = dict[str, Any]

LONGEST_LINE = 1 << 22
"""Bytes of a line at most: those of a course of 50,000 commands."""

MOST_LINES = 3_000_000
"""Three for each epoch of the longest run."""

CHUNK = 1 << 16
"""Bytes that are read at a time, from the end."""

_INCOMPLETE = re.compile(rb'(\{("[^\n]*)?)?\0*\Z')
"""The beginning of a line, or of none; a power cut may leave zeros."""


class JournalFile:
    """The file, opened to append. Lines that the disk refuses are kept and tried again."""

    def __init__(self, path: Path) -> None:
        """Open it; an incomplete last line is cut off before the next one is written.

        Raises:
            RunError: if it is a link, or ends with something that is no part of a line.
            OSError: if it cannot be opened.
        """
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._descriptor: int | None = open_own(path, flags)
        try:
            size = os.fstat(self._descriptor).st_size
            self._good = _complete(path, self._descriptor, size)  # bytes of complete lines
        except BaseException:
            self.close()
            raise
        self._waiting = b""  # lines that the disk refused so far
        # Whether there may be an incomplete line after these, to be cut off.
        self._cut = self._good < size

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
        assert self._descriptor is not None
        if self._cut:
            os.ftruncate(self._descriptor, self._good)
        self._cut = True
        if self._waiting:
            waiting = memoryview(self._waiting)
            while waiting:
                waiting = waiting[os.write(self._descriptor, waiting) :]
            self._good += len(self._waiting)
            self._waiting = b""
        self._cut = False

    def sync(self) -> None:
        """Flush to the disk, so that the lines survive a power cut.

        Raises:
            OSError: if the disk refuses.
        """
        self.flush()
        assert self._descriptor is not None
        os.fsync(self._descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _complete(path: Path, descriptor: int, size: int) -> int:
    """The number of bytes in complete lines.

    Raises:
        RunError: if what follows them is not the beginning of a line, so that others wrote it.
    """
    start, rest = size, b""
    while start and b"\n" not in rest and len(rest) <= LONGEST_LINE:
        start = max(start - CHUNK, 0)
        os.lseek(descriptor, start, os.SEEK_SET)
        rest = os.read(descriptor, min(CHUNK, size - start)) + rest
    good = start + _whole(rest)
    incomplete = rest[_whole(rest) :]
    if len(incomplete) > LONGEST_LINE or not _INCOMPLETE.match(incomplete):
        raise RunError(
            f"{path} ends with {printable(repr(incomplete[:20]))}..., which digit-tui did not "
            "write and does not cut off: remove that, or end it with a line break"
        )
    return good


def _whole(content: bytes) -> int:
    """The number of bytes in complete lines."""
    return content.rfind(b"\n") + 1


def read_journal(path: Path, monitored_split: str | None = None) -> list[Line]:
    """All complete lines of a journal, as `iter_journal` gives them."""
    return list(iter_journal(path, monitored_split))


def iter_journal(path: Path, monitored_split: str | None = None) -> Iterator[Line]:
    """The complete lines of a journal, one by one; none if the file does not exist.

    Args:
        path: the file.
        monitored_split: the run's, whose accuracy the results of an epoch must have.

    Raises:
        RunError: if it cannot be read, or a line is not what it should be; it says which.
    """
    number = 1
    try:
        with open_file(path) as file:
            while (content := file.readline(LONGEST_LINE + 1)).endswith(b"\n"):
                if number > MOST_LINES:
                    raise Invalid(f"there are more than {MOST_LINES:,} lines")
                yield _parse(content, monitored_split)
                number += 1
            if len(content) > LONGEST_LINE:
                raise Invalid(f"it is longer than {LONGEST_LINE:,} bytes")
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(f"{path} cannot be read: {reason_of(error)}") from error
    except Invalid as error:
        raise RunError(f"{path} is damaged: line {number}: {error}") from None


def _parse(content: bytes, monitored_split: str | None) -> Line:
    line = parse_json(content)
    if not isinstance(line, dict):
        raise Invalid("it is not a JSON object")
    check_line(line, monitored_split)
    return line


def command_line(lineage: Lineage) -> Line:
    """The line that records the last command of a lineage."""
    return lineage_to_json(lineage[-1:])[0]


def go_back_line(step: int, to: int, lineage: Lineage) -> Line:
    """The line that records that a run went back from `step` to the step `to`."""
    return {"step": step, "command": "go_back", "to": to, "course": lineage_to_json(lineage)}


def evaluated_line(event: Evaluated) -> Line:
    """The line that records an evaluation that was no end of an epoch."""
    evaluation = event.evaluation
    return {
        "event": EVALUATED,
        "step": event.step,
        "epoch": event.epoch,
        f"{event.split}_loss": evaluation.loss if isfinite(evaluation.loss) else None,
        f"{event.split}_accuracy": evaluation.accuracy,
    }
