"""metrics.csv: the results of a run's epochs as a table for other programs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
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

    def __init__(self, path: Path, epochs: Callable[[], Sequence[Line]]) -> None:
        """Remember where the rows come from; nothing is written yet.

        Args:
            path: the file.
            epochs: reads the results of these epochs from the journal; they are not kept in memory.
        """
        self._path = path
        self._epochs = epochs
        self._rows: int | None = None  # in the file; None if some of them were undone

    def write(self) -> None:
        """Write the whole file again.

        Raises:
            OSError: if the disk refuses.
        """
        rows = self._epochs()
        text = _rows([dict(zip(COLUMNS, COLUMNS, strict=True)), *rows])
        write_whole(self._path, lambda file: file.write(text.encode()))
        self._rows = len(rows)

    def add(self, epoch: Line) -> None:
        """Add the row of the latest epoch.

        Raises:
            OSError: if the disk refuses; the next call writes the whole file again.
        """
        rows, self._rows = self._rows, None
        if rows is None or rows + 1 != epoch["epoch"]:  # some epochs are repeated after going back
            self.write()
            return
        with open(open_own(self._path, os.O_WRONLY | os.O_APPEND), "ab") as file:
            file.write(_rows([epoch]).encode())
        self._rows = rows + 1

    def forget(self) -> None:
        """Some epochs in the file were undone: let the next call of `add` write all of it again."""
        self._rows = None


def _rows(lines: Iterable[Line]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writerows(lines)
    return text.getvalue()
