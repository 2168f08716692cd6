"""A check of a run's health: what is known of it, and a look at its layers and training images."""

from __future__ import annotations

from dataclasses import dataclass, replace

from digit_tui.data import Dataset
from digit_tui.insight.health.doubts import doubts_of, training_check
from digit_tui.insight.health.finding import Finding
from digit_tui.insight.health.record import Inspection, Record
from digit_tui.insight.health.rules import findings_of
from digit_tui.run.events import Evaluated


@dataclass(frozen=True, eq=False)
class Health:
    """What was found."""

    record: Record
    """What was looked at."""
    findings: list[Finding]
    """The worst first."""
    inspection: Inspection | None
    """What was new about the layers."""


def check_health(
    record: Record,
    dataset: Dataset | None,
    evaluated: Evaluated | None,
    inspection: Inspection | None,
) -> Health:
    """What ails a run.

    Args:
        record: what is known of it.
        dataset: the run's; None leaves the training images out.
        evaluated: its latest evaluation of the monitored split; None does so too.
        inspection: its layers as they are now; None leaves them out.
    """
    if inspection is not None:
        record = replace(record, inspections=(*record.inspections, inspection))
    if evaluated is not None and record.doubts is None:
        record = replace(record, doubts=doubts_of(evaluated.evaluation, evaluated.history))
    if dataset is not None and evaluated is not None:
        images, labels = dataset.train_images, dataset.train_labels
        trained = training_check(evaluated.network, images, labels, evaluated.evaluation)
        record = replace(record, training_check=trained)
    return Health(record, findings_of(record), inspection)
