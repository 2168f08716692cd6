"""What a report is about: a saved run, and its network as it was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from digit_tui.data import Dataset, counted
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.health.finding import Finding
from digit_tui.insight.health.record import Record
from digit_tui.insight.layers import LayerFacts
from digit_tui.nn import Evaluation
from digit_tui.storage.calibration_file import Calibration
from digit_tui.storage.history import History
from digit_tui.storage.run_log import LogEntry
from digit_tui.storage.run_summary import RunSummary


@dataclass(frozen=True, eq=False)
class Measured:
    """The network of a checkpoint, measured."""

    step: int
    epoch: float
    """Completed epochs, and the fraction of the current one."""
    best: bool
    """Whether it is the best checkpoint instead of the last one."""
    averaged: bool
    """Whether its weights are an average over many steps."""
    dataset: Dataset
    """With the digits that the run held out split off."""
    split: str
    """On which it was measured: "test" or "validation"."""
    table: DigitTable
    """Those digits."""
    validation: Evaluation | None
    """Also of the held-out digits, if there are some and `split` is the other one."""
    calibration: Calibration | None
    """Of these weights, if one was fitted."""
    layers: Sequence[LayerFacts]
    findings: Sequence[Finding]
    """What ails the run, the worst first."""
    record: Record
    """What was looked at for that."""
    notes: Sequence[str] = ()
    """What should be known about the measuring, one sentence each."""

    @property
    def images(self) -> NDArray[Any]:
        """(n, side * side) uint8, the digits on which it was measured."""
        images, _ = self.dataset.split(self.split)
        return images

    @property
    def digits(self) -> str:
        """For example "1,000 test digits"."""
        return counted(len(self.table), f"{self.split} digit")


@dataclass(frozen=True, eq=False)
class Report:
    """A saved run."""

    summary: RunSummary
    history: History
    """What the journal says of it."""
    log: Sequence[LogEntry]
    """What was done to it."""
    measured: Measured | None
    """None if the run was never saved with weights."""
    mistakes: int = 60
    """The most mistakes that are shown with pictures."""

    @property
    def name(self) -> str:
        """Of the run."""
        return self.summary.saved.path.name
