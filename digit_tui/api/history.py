"""The results of a run's epochs, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.run.event_json import event_to_json
from digit_tui.run.events import EpochEnded, Restored, WentBack
from digit_tui.run.lineage import shared_length
from digit_tui.storage.journal import Line
from digit_tui.storage.metrics_file import COLUMNS

ROWS = 20
"""A notebook shows at most so many epochs, the last ones."""

WHOLE = ("epoch", "step")
"""Columns of whole numbers."""
TEXT = ("optimizer",)


class History(dict[str, NDArray[Any]]):
    """The results of the epochs that led to where a run is, by the names of their fields.

    Each value is an array (epochs,), read-only: epoch, step, learning_rate, optimizer, train_loss,
    train_accuracy, test_loss, test_accuracy (with held-out images validation_loss and
    validation_accuracy instead), gradient_norm, clip_rate, seconds, images_per_second. See
    EpochEnded in `digit-tui manual scripts`. NaN where the network had diverged.

    `pandas.DataFrame(history)` is a table of them.
    """

    @classmethod
    def of(cls, lines: Iterable[Line], split: str) -> History:
        """The columns of epochs.

        Args:
            lines: the epochs, each as EpochEnded in JSON.
            split: that is monitored.
        """
        rows = list(lines)
        other = "test_" if split == "validation" else "validation_"
        return cls({name: _column(name, rows) for name in COLUMNS if not name.startswith(other)})

    @property
    def epochs(self) -> int:
        """How many there are."""
        return len(self["epoch"])

    def __repr__(self) -> str:
        """Such as <History of 5 epochs: epoch, step, ...>."""
        count = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return f"<History of {count}: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        """A table of the last epochs."""
        shown = [name for name in self if name not in ("seconds", "images_per_second")]
        head = "".join(f"<th>{escape(name)}</th>" for name in shown)
        rows = "".join(
            f"<tr>{''.join(f'<td>{_cell(self[name][row])}</td>' for name in shown)}</tr>"
            for row in range(max(self.epochs - ROWS, 0), self.epochs)
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _column(name: str, rows: list[Line]) -> NDArray[Any]:
    values = [row.get(name) for row in rows]
    if name in TEXT:
        column: NDArray[Any] = np.array(values, dtype=np.str_)
    elif name in WHOLE:
        column = np.array(values, np.int64)
    else:
        column = np.array([np.nan if value is None else value for value in values], np.float64)
    column.flags.writeable = False
    return column


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, np.floating) else escape(str(value))


class EpochLog:
    """The epochs that led to where a branch is; what is undone is dropped."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def copy(self) -> EpochLog:
        other = copy(self)
        other.lines = list(self.lines)
        return other

    def ingest(self, event: object) -> None:
        """Take in an event of the branch."""
        match event:
            case EpochEnded():
                self.lines.append(event_to_json(event))
            case Restored(epochs=epochs):
                self.lines = list(epochs)
            case WentBack():
                shared = shared_length(event.lineage, event.from_lineage)
                differing = event.from_lineage[shared:] + event.lineage[shared:]
                # What was done after the first command that differs is another course.
                valid = min([event.step, *(each.step for each in differing)])
                self.lines = [line for line in self.lines if line["step"] <= valid]
