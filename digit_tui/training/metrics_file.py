"""The results of a run's epochs as a table for other programs: metrics.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
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
)

Line = Mapping[str, Any]


class MetricsFile:
    """A header, and a row for each epoch on the way that the run took."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._current = False  # whether the file holds all rows but the next

    def write(self, epochs: Iterable[Line]) -> None:
        """Write it anew.

        Raises:
            OSError: if the disk refuses.
        """
        text = _rows([dict(zip(COLUMNS, COLUMNS, strict=True)), *epochs])
        write_whole(self._path, lambda file: file.write(text.encode()))
        self._current = True

    def add(self, epoch: Line, epochs: Iterable[Line]) -> None:
        """Add a row.

        Args:
            epoch: the latest.
            epochs: all, this one included.

        Raises:
            OSError: if the disk refuses; the next call writes all anew.
        """
        if not self._current:
            self.write(epochs)
            return
        self._current = False
        with open(self._path, "ab") as file:
            file.write(_rows([epoch]).encode())
        self._current = True

    def forget(self) -> None:
        """Some rows are not on the way any more."""
        self._current = False


def _rows(lines: Iterable[Line]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writerows(lines)
    return text.getvalue()
