"""The learning rate that a run began with, and what mends a run that went wrong from there."""

from __future__ import annotations

from digit_tui.insight.health.record import Record
from digit_tui.nn import RULES

HIGH_RATE = 10.0
"""Times the optimizer's own rate. Presets have up to 5."""
LOW_RATE = 0.05
"""Times the optimizer's own rate. At a hundredth the loss falls by 2% an epoch at first, where the
usual rate halves it: a range test (Smith 2017, "Cyclical learning rates for training neural
networks", arXiv:1506.01186) finds the loss only begin to fall there."""
HIGH_FOUND = 3.0
"""The same of an optimizer that finds its step size itself, and whose rate is best left at 1."""


def highest_rate_of(optimizer: str) -> float:
    """The learning rate up to which an optimizer is not suspected."""
    rule = RULES[optimizer]
    return (HIGH_RATE if rule.step_size is None else HIGH_FOUND) * rule.learning_rate


def usual_rate(record: Record, optimizer: str) -> tuple[float, str]:
    """What a rate is compared with, and what that is, in words that follow it.

    It is the rate that the run began with, if that was for this optimizer and no extreme one; else
    the optimizer's own.
    """
    rate, first = record.began_with
    own = RULES[optimizer].learning_rate
    if first == optimizer and LOW_RATE * own < rate <= highest_rate_of(optimizer):
        return rate, "that it began with"
    return own, f"that is usual for {optimizer}"


def too_high_from_the_start(record: Record) -> str:
    """The rate that it began with, if it was too high: "the rate of 5 from the start"; else ""."""
    rate, optimizer = record.began_with
    return f"the rate of {rate:.3g} from the start" if rate > highest_rate_of(optimizer) else ""


def begin_again(record: Record) -> tuple[str, ...]:
    """What mends a run for which no change of a setting is to blame."""
    if not too_high_from_the_start(record):
        return ("restart",)
    return ("slower_start",) if record.step else ("find_rate",)
