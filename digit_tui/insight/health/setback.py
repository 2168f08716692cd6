"""Whether a run was set back: it is worse than it was, or larger steps may have made it so."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from digit_tui.insight.health.finding import NOTE, Finding, change_words
from digit_tui.insight.health.loss import is_lost, may_harm, raises
from digit_tui.insight.health.record import LEARNED, WORSE, EpochFacts, Record, SettingChange
from digit_tui.insight.health.statistics import one_sided_p, proportion_z
from digit_tui.insight.significance import p_words

NEAR = 1.25
"""Times the best monitored loss below which a run has recovered."""


RARE = 0.01
"""Probability of so many more mistakes by chance, above which nothing is said."""


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
    return Setbacks(
        frozenset(steady), behind or is_lost(record) or any(step >= begin for step in raised)
    )


def set_back(record: Record) -> Finding | None:
    """A network that had learned, and reads fewer digits since a change that may harm.

    It says so while the last epoch is worse than the one before that change: of the same digits
    more are read wrong than chance would explain if they were others, which is strict. Of several
    such changes it is the last one.
    """
    last, digits = record.last, record.monitored_images
    if last is None:
        return None
    begun = record.epochs[-2].step if len(record.epochs) > 1 else 0
    for change, before in _harmful(record):
        if not (before.loss < LEARNED * record.guessing and last.loss > WORSE * before.loss):
            continue
        p = one_sided_p(-proportion_z(before.accuracy, digits, last.accuracy, digits))
        if not p < RARE:
            continue
        if change.step > begun:
            return None  # the first whole epoch will tell
        return Finding(
            "set back",
            NOTE,
            change.epoch,
            change.step,
            "it reads fewer digits than before",
            f"{last.accuracy:.2%} of the {record.monitored_split} digits after epoch {last.epoch}, "
            f"{before.accuracy:.2%} after epoch {before.epoch} ({p_words(p)})",
            change_words(change),
            ("undo", "halve_rate") if raises(change) else ("undo",),
        )
    return None


def _harmful(record: Record) -> Iterator[tuple[SettingChange, EpochFacts]]:
    """The changes that may have done harm, the last first, each with the last epoch before it."""
    ended = record.epochs[-1].step if record.epochs else 0
    for change in reversed(record.changes_by(ended, acted=True)):
        before = record.last_before(change)
        if before is not None and may_harm(change):
            yield change, before
