"""Whether a run was set back: it is worse than it was, or larger steps may have made it so."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from digit_tui.insight.health.loss import guesses, raises
from digit_tui.insight.health.record import Record

WORSE = 1.5
"""Times the best loss, of training and of the monitored split, from which much of what was learned
is lost. Wrong labels that are learned by heart raise the second, but not the first."""
NEAR = 1.25
"""Times the best monitored loss below which a run has recovered."""


class Setbacks(NamedTuple):
    """When a run was set back."""

    steady: frozenset[int]
    """The epochs that began and ended while it was not; counted from 1."""
    now: bool
    """Whether it is set back, as far as is known."""


def setbacks(record: Record) -> Setbacks:
    """When a run was set back: by a loss of what it had learned, or by a change to larger steps.

    After such a change it is taken for set back until its loss is near the best again: what a
    network does meanwhile says nothing of its data.
    """
    best = best_in_training = inf
    steady, behind, begin = set(), False, 0
    raised = [each.step for each in record.changes if raises(each)]
    for epoch in record.epochs:
        began_behind = behind
        worse = not epoch.loss <= WORSE * best and not epoch.train_loss <= WORSE * best_in_training
        if worse or any(begin <= step < epoch.step for step in raised):
            behind = True
        elif epoch.loss <= NEAR * best:
            behind = False
        if not (began_behind or behind):
            steady.add(epoch.epoch)
        best, begin = min(best, epoch.loss), epoch.step
        best_in_training = min(best_in_training, epoch.train_loss)
    since = guesses(record)
    lost = since is not None and record.has_learned_by(since.step)
    return Setbacks(frozenset(steady), behind or lost or any(step >= begin for step in raised))
