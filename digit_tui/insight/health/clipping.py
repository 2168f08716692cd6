"""Rules on clipping: at nearly every step, or never."""

from __future__ import annotations

from digit_tui.insight.health.finding import (
    HARMED,
    LOST,
    NOTE,
    Finding,
    change_words,
    start_of,
)
from digit_tui.insight.health.record import STEPS, Record

OFTEN = 0.95
"""Share of the steps that counts as nearly every one. Clipping is meant for the few large gradients
(Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks")."""
FAR = 2.0
"""How many times the limit the mean norm is, so that clipping shortens most steps a lot; a limit
near the mean norm clips often too, and does no harm."""
NEVER_EPOCHS = 3
"""Epochs without a clipped step after which a limit counts as useless."""
SCALE_FREE = ("rmsprop", "adam", "adamw", "lion", "schedulefree", "prodigy", "muon")
"""Optimizers that divide by the gradient's size, or take its sign: what is always clipped by norm
hardly differs."""
CLIPPING = ("clip_norm", "clip_value")


def clips_always(record: Record) -> Finding | None:
    """A limit that nearly every gradient exceeds by far."""
    epochs = record.epochs_since_change(*CLIPPING)
    if not record.clips or not epochs or not epochs[-1].clip_rate >= OFTEN:
        return None
    last = first = epochs[-1]
    if record.clip_norm is not None and not last.gradient_norm > FAR * record.clip_norm:
        return None
    if record.clip_norm is None and record.learned:
        return None  # nearly every gradient has some element that is large
    for each in reversed(epochs):
        if not each.clip_rate >= OFTEN:
            break
        first = each
    epoch, step = start_of(record, first)
    harmless = record.optimizer in SCALE_FREE
    severity = NOTE if harmless else HARMED if record.learned else LOST
    change = record.last_suspect(first.step, *CLIPPING, *STEPS)
    grown = change is not None and change.setting in STEPS  # not the limit is to blame
    evidence = f"{last.clip_rate:.0%} of the steps"
    if record.clip_norm is not None:
        evidence += f": a mean norm of {last.gradient_norm:.3g} is cut to {record.clip_norm:.3g}"
    if harmless:
        evidence += f"; {record.optimizer} makes up for most of it"
    return Finding(
        "clips always",
        severity,
        epoch,
        step,
        "nearly every step is clipped",
        evidence,
        change_words(change) or _limit(record),
        (*(["undo"] if change else []), *([] if grown else ["clip"])),
    )


def clips_never(record: Record) -> Finding | None:
    """A limit that no gradient reaches."""
    epochs = record.epochs_since_change(*CLIPPING)
    if record.trouble is not None:
        return None  # of the steps that led there nothing is known yet
    if not record.clips or len(epochs) < NEVER_EPOCHS or any(e.clip_rate for e in epochs):
        return None
    epoch, step = start_of(record, epochs[0])
    return Finding(
        "clips never",
        NOTE,
        epoch,
        step,
        "no step is ever clipped",
        f"a mean norm of {epochs[-1].gradient_norm:.3g}",
        _limit(record),
        ("clip",),
    )


def _limit(record: Record) -> str:
    if record.clip_norm is not None:
        return f"clipping by norm {record.clip_norm:.4g}"
    return f"clipping by value {record.clip_value:.4g}"
