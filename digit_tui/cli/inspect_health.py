"""What ails a saved run, for `digit-tui inspect`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from digit_tui.data import Dataset
from digit_tui.insight.health.doubts import doubts_of, training_check
from digit_tui.insight.health.finding import Finding
from digit_tui.insight.health.record import Record
from digit_tui.insight.health.rules import findings_of
from digit_tui.insight.layers import LayerFacts
from digit_tui.nn import evaluate
from digit_tui.run.events import Inspected
from digit_tui.run.health_record import inspection_of
from digit_tui.run.health_words import health_lines, looked_at
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.saved_health import record_of_saved
from digit_tui.storage.saved_run import SavedRun


class SavedHealth(NamedTuple):
    """What ails a saved run."""

    record: Record
    findings: list[Finding]
    """The worst first."""

    @property
    def lines(self) -> list[str]:
        """In words, without remedies: there is no key to press."""
        return ["Health", *health_lines(self.record, self.findings, None)]

    @property
    def json_values(self) -> dict[str, Any]:
        return {
            "findings": [
                {**each._asdict(), "remedies": list(each.remedies)} for each in self.findings
            ],
            "looked_at": looked_at(self.record),
        }


def saved_health(
    saved: SavedRun,
    checkpoint: Checkpoint,
    dataset: Dataset | None,
    inspected: Inspected,
    facts: Sequence[LayerFacts],
) -> SavedHealth:
    """What the journal says of a run, and a checkpoint of its network.

    Args:
        saved: the run.
        checkpoint: whose network is looked at.
        dataset: the run's own, without the images that are held out; None if it is another one.
        inspected: the checkpoint's state.
        facts: of its layers.

    Raises:
        RunError: if the journal is damaged.
    """
    known: dict[str, Any] = {"inspections": (inspection_of(inspected, facts),)}
    if dataset is not None:
        images, labels = dataset.split(saved.config.monitored_split)
        evaluation = evaluate(checkpoint.network, images, labels)
        known["doubts"] = doubts_of(evaluation, checkpoint.state.history)
        known["training_check"] = training_check(
            checkpoint.network, dataset.train_images, dataset.train_labels, evaluation
        )
    record = record_of_saved(saved, **known)
    return SavedHealth(record, findings_of(record))
