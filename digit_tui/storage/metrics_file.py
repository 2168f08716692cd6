"""metrics.csv: the results of a run's epochs as a table for other programs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from digit_tui.storage.atomic import write_whole
from digit_tui.storage.own_files import open_own

COLUMNS = (
    "epoch",
    "step",
    "learning_rate",
    "optimizer",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "gradient_norm",
    "clip_rate",
    "seconds",
    "images_per_second",
    "validation_loss",
    "validation_accuracy",
)

Line = Mapping[str, Any]


class MetricsFile:
    """The file: a header, and a row for each epoch that was not undone."""

    def __init__(self, path: Path, epochs: Callable[[], Iterable[Line]]) -> None:
        """Remember where the rows come from; nothing is written yet.

        Args:
            path: the file.
            epochs: reads the results of these epochs from the journal, one by one: a hundred
                thousand are not for memory. Of one that comes again the last results count.
        """
        self._path = path
        self._epochs = epochs
        self._rows: int | None = None  # in the file; None if it is not known
        self._in_force = 0  # epochs: more than rows while some of them are repeated

    def write(self) -> None:
        """Write the whole file again.

        Raises:
            OSError: if the disk refuses.
        """
        rows = {line["epoch"]: _rows([line]).encode() for line in self._epochs()}
        header = _rows([dict(zip(COLUMNS, COLUMNS, strict=True))]).encode()
        text = b"".join([header, *(rows[epoch] for epoch in sorted(rows))])
        write_whole(self._path, lambda file: file.write(text))
        self._rows = self._in_force = len(rows)

    def add(self, epoch: Line) -> None:
        """Add the row of the latest epoch.

        Raises:
            OSError: if the disk refuses; the next call writes the whole file again.
        """
        number = epoch["epoch"]
        rows, self._rows = self._rows, None
        if rows is None or number > rows + 1:
            self.write()
            return
        if number <= rows and self._cut(lambda row, _: row < number) is None:
            self.write()  # it is repeated, after going back to an epoch behind it
            return
        with open(open_own(self._path, os.O_WRONLY | os.O_APPEND), "ab") as file:
            file.write(_rows([epoch]).encode())
        self._rows = number
        self._in_force = max(self._in_force, number)

    def go_back(self, step: int) -> None:
        """Remove the rows of the epochs that ended after a step: they were undone.

        Raises:
            OSError: if the disk refuses; the next call of `add` writes the whole file again.
        """
        self._rows = None
        rows = self._cut(lambda _, end: end <= step)
        if rows is None:
            self.write()
        else:
            self._rows = self._in_force = rows

    def forget(self) -> None:
        """Let the next call of `add` write all of it again."""
        self._rows = None

    def complete(self) -> None:
        """See that it has all rows, also where the run did not get to all epochs again.

        Raises:
            OSError: if the disk refuses.
        """
        if self._rows is not None and self._rows < self._in_force:
            self.write()

    def _cut(self, keeps: Callable[[int, int], bool]) -> int | None:
        """Cut the file before the first row that is not to be kept.

        It is read row by row: the results of a hundred thousand epochs are not for memory.

        Args:
            keeps: whether a row is kept, by its epoch and step.

        Returns:
            How many rows are left; None if somebody else has changed the file.
        """
        rows = 0
        with open(open_own(self._path, os.O_RDWR), "r+b") as file:
            end = len(file.readline())
            for line in file:
                try:
                    epoch, step = map(int, line.split(b",", 2)[:2])
                except ValueError:
                    return None
                if not keeps(epoch, step):
                    break
                end, rows = end + len(line), rows + 1
            file.truncate(end)
        return rows


def _rows(lines: Iterable[Line]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writerows(lines)
    return text.getvalue()
