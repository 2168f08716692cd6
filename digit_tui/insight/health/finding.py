"""What a rule finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from digit_tui.insight.health.record import EpochFacts, Record, SettingChange

LOST, HARMED, NOTE = 3, 2, 1
"""How bad it is: the run will not learn like this; it learns less than it could; worth knowing."""


class Finding(NamedTuple):
    """Something that ails a run."""

    rule: str
    severity: int
    """LOST, HARMED or NOTE."""
    since_epoch: float
    since_step: int
    """Where it was first seen, without a break up to now."""
    words: str
    """What is, in a few words: "41% of layer 1 is dead"."""
    evidence: str
    """The numbers that show it, and what they should be."""
    cause: str
    """What probably brought it about, for example "learning rate 0.002 → 0.2 at step 1,200"; "" if
    nothing is known."""
    remedies: tuple[str, ...]
    """What a person can do, most promising first: names that front ends word with their keys."""
    or_before: bool = False
    """Whether it may have begun earlier: nobody had looked at the layers before."""


Find = Callable[[Record], Finding | None]


class Rule(NamedTuple):
    """One thing that can be wrong."""

    name: str
    find: Find


def change_words(change: SettingChange | None) -> str:
    """For example "learning rate 0.002 → 0.2 at step 1,200"; "" for None."""
    if change is None:
        return ""
    words = ", ".join(filter(None, (change.beside, change.words)))
    if change.first_step in (None, change.step):
        return f"{words} at step {change.step:,}"
    return f"{words} at steps {change.first_step:,} to {change.step:,}"


def start_of(record: Record, epoch: EpochFacts) -> tuple[float, int]:
    """Where an epoch began: completed epochs, and steps."""
    before = [each for each in record.epochs if each.epoch < epoch.epoch]
    return float(epoch.epoch - 1), before[-1].step if before else 0


def not_before(change: SettingChange | None, start: tuple[float, int]) -> tuple[float, int]:
    """Where something began: completed epochs, and steps.

    Args:
        change: its cause, which may lie within the first epoch that shows it; None if unknown.
        start: where that epoch began.
    """
    if change is None or change.step <= start[1]:
        return start
    return change.epoch, change.step
