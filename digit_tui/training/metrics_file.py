"""The results of a run's epochs as a table for other programs: metrics.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from digit_tui.training.atomic import write_whole

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
    """A header, and a row for each epoch on the way that the run took."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: int | None = None  # in the file; None if some of them do not belong there

    def write(self, epochs: Iterable[Line]) -> None:
        """Write it anew.

        Raises:
            OSError: if the disk refuses.
        """
        rows = list(epochs)
        text = _rows([dict(zip(COLUMNS, COLUMNS, strict=True)), *rows])
        write_whole(self._path, lambda file: file.write(text.encode()))
        self._rows = len(rows)

    def add(self, epoch: Line, epochs: Sequence[Line]) -> None:
        """Add a row.

        Args:
            epoch: the latest.
            epochs: all, this one included.

        Raises:
            OSError: if the disk refuses; the next call writes all anew.
        """
        rows, self._rows = self._rows, None
        if rows is None or rows + 1 != len(epochs):  # some epochs are made again
            self.write(epochs)
            return
        with open(self._path, "ab") as file:
            file.write(_rows([epoch]).encode())
        self._rows = rows + 1

    def forget(self) -> None:
        """Some rows are not on the way any more."""
        self._rows = None


def _rows(lines: Iterable[Line]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writerows(lines)
    return text.getvalue()
