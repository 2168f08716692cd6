"""Rules on the loss: at that of guessing, or on a plateau."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from digit_tui.insight.health.finding import HARMED, Finding, change_words, not_before, start_of
from digit_tui.insight.health.finding import LOST as BEYOND_HOPE
from digit_tui.insight.health.first_rate import begin_again
from digit_tui.insight.health.record import AT_ONCE, LEARNED, LOST, Record, SettingChange
from digit_tui.insight.health.statistics import mann_kendall, one_sided_p
from digit_tui.insight.significance import p_words

FEW_STEPS = 100
"""A network that has made fewer steps may still be guessing: small ones with plain SGD are, after
an epoch of 32 steps."""
LOOKED_AT = 30
"""Steps whose mean loss is sure to be more than luck."""
WINDOW = 15
"""Epochs in which a loss that still falls shows it. In ten the loss of deformed images can hide
that: it did in the preset standard, from 0.13 to 0.12."""
TREND = 0.05
"""Probability of as much of a fall without a trend; above it there may be none."""
FALL = 0.03
"""Share of the loss by which it must fall from one half of the window to the other."""
LOW_LOSS = 0.1
"""Training loss, as a share of that of guessing, below which a plateau is an end."""
SCHEDULED_AWAY = 0.1
"""Of the base rate: below this a schedule lets the loss come to rest."""
CAUSES = (
    *("learning_rate", "optimizer", "clip_norm", "clip_value", "batch_size", "augment"),
    *AT_ONCE,
)
"""Settings that can make a loss what it is."""


class Guessing(NamedTuple):
    """Since when a network has been no better than guessing."""

    epoch: float
    """Completed epochs before it."""
    step: int
    """The same place."""
    seen: int
    """The step at which that could be seen."""


def guesses(record: Record) -> Guessing | None:
    """Since when the network has been no better than guessing.

    None if it is better, or has hardly begun. Steps since the last epoch count too, if there are
    enough of them: a loss spike shows there first.
    """
    line = LOST * record.guessing
    last = record.last
    recent = _recent_loss(record)
    if recent is not None and recent < line:
        return None
    change = record.last_change(record.step, *CAUSES)
    if recent is None and last is not None and change is not None and change.step >= last.step:
        return None  # what it is like since then is not known yet
    if last is None or not (last.train_loss >= line and last.loss >= line):
        if recent is None or last is None:
            return None
        return Guessing(float(last.epoch), last.step, record.step)
    if last.step < FEW_STEPS:
        return None
    first = last
    for each in reversed(record.epochs[:-1]):
        if not (each.train_loss >= line and each.loss >= line):
            break
        first = each
    return Guessing(*start_of(record, first), first.step)


def is_lost(record: Record) -> bool:
    """Whether the network had learned, and guesses now."""
    since = guesses(record)
    return since is not None and record.has_learned_by(since.step)


def ruined_by(record: Record, since: Guessing) -> SettingChange | None:
    """The change that probably made it guess: the last one that may harm, or any other."""
    changes = record.changes_by(since.seen, acted=True)
    near = [each for each in changes if since.step <= each.step and may_harm(each)]
    if not near:
        return record.last_suspect(since.seen, *CAUSES)
    begun = near[-1].first_step
    if begun is not None and begun < since.step:  # what a person added then is not to blame
        acted = [each for each in record.changes_by(since.step, acted=True) if raises(each)]
        if acted and acted[-1].step >= begun:
            return acted[-1]
    return near[-1]


def may_harm(change: SettingChange) -> bool:
    """Whether a change makes larger steps, or other weights at once that may know less."""
    if change.setting == "switched_off":
        return len(change.new) > len(change.old)
    if change.setting == "pruned":
        return bool(change.new > change.old)
    return change.setting == "taught" or raises(change)


def raises(change: SettingChange) -> bool:
    """Whether a change makes larger steps, or other ones."""
    if change.setting == "optimizer":
        return True
    return change.setting == "learning_rate" and bool(change.new > change.old)


def _recent_loss(record: Record) -> float | None:
    """Mean training loss of the latest steps after the last epoch, if there are enough; else None.

    Steps from before the last change of a setting do not count.
    """
    last, change = record.last, record.last_change(record.step, *CAUSES)
    after = max(0 if last is None else last.step, 0 if change is None else change.step)
    count, total = 0, 0.0
    for each in reversed(record.batches):
        if each.step - each.steps < after or count >= LOOKED_AT:
            break
        count, total = count + each.steps, total + each.steps * each.loss
    return total / count if count >= LOOKED_AT else None


def guessing(record: Record) -> Finding | None:
    """A loss of ln(classes) or more: each class is as probable as any other."""
    since = guesses(record)
    if since is None:
        return None
    recent, last = _recent_loss(record), record.last
    loss = recent if recent is not None else last.loss if last is not None else record.guessing
    lost = record.has_learned_by(since.step)
    change = ruined_by(record, since)
    words = "what it had learned is lost" if lost else "it is no better than guessing"
    shown = f"{loss:.3g}" if isfinite(loss) else "no number"
    which = record.monitored_split if recent is None else "training"
    evidence = (
        f"the {which} loss is {shown}; guessing has ln {record.classes} = {record.guessing:.3g}"
    )
    if loss < record.guessing:
        evidence += f", and less than {LOST:.0%} of that is better"
    return Finding(
        "guessing",
        BEYOND_HOPE,
        *not_before(change, (since.epoch, since.step)),
        words,
        evidence,
        change_words(change),
        (*(["undo"] if change else []), *(["timeline"] if lost else [])) or begin_again(record),
    )


def relapse(record: Record) -> Finding | None:
    """A loss that was well below that of guessing, and is not any more."""
    last, line = record.last, LEARNED * record.guessing
    if last is None or guesses(record) is not None:
        return None
    if not (last.loss >= line and last.train_loss >= line and record.has_learned_by(last.step)):
        return None
    first = last
    for each in reversed(record.epochs[:-1]):
        if not each.loss >= line:
            break
        first = each
    epoch, step = start_of(record, first)
    change = ruined_by(record, Guessing(epoch, step, first.step))
    best = min(each.loss for each in record.epochs if each.loss == each.loss)
    return Finding(
        "relapse",
        BEYOND_HOPE,
        *not_before(change, (epoch, step)),
        "it has lost much of what it had learned",
        f"the loss was {best:.3g}, and is {last.loss:.3g}",
        change_words(change),
        ("undo", "timeline") if change else ("timeline",),
    )


def plateau(record: Record) -> Finding | None:
    """A training loss that no longer falls, though it is high and the rate was not taken back."""
    epochs = record.epochs_since_change(*CAUSES)[-WINDOW:]
    if guesses(record) is not None:
        return None  # that is worse, and no other rate helps
    if len(epochs) < WINDOW or epochs[-1].learning_rate < SCHEDULED_AWAY * record.learning_rate:
        return None
    losses = [each.train_loss for each in epochs]
    mean = sum(losses) / WINDOW
    if not mean > LOW_LOSS * record.guessing:
        return None
    p = one_sided_p(-mann_kendall(losses))
    half = WINDOW // 2
    fall = sum(losses[:half]) / half - sum(losses[half:]) / (WINDOW - half)
    if not (p > TREND and fall < FALL * mean):
        return None
    if one_sided_p(-mann_kendall([each.loss for each in epochs])) <= TREND:
        return None  # the monitored loss still falls
    epoch, step = start_of(record, epochs[0])
    change = record.last_change(step, *CAUSES)
    return Finding(
        "plateau",
        HARMED,
        epoch,
        step,
        f"the training loss stays at {mean:.3g}",
        f"no fall over {WINDOW} epochs (Mann-Kendall test, {p_words(p)})",
        change_words(change),
        ("halve_rate",),
    )
