"""Rules on the learning rate: too high, or far too low."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from digit_tui.insight.health.finding import LOST, Finding, change_words
from digit_tui.insight.health.first_rate import (
    LOW_RATE,
    begin_again,
    highest_rate_of,
    too_high_from_the_start,
    usual_rate,
)
from digit_tui.insight.health.loss import guesses, raises, ruined_by
from digit_tui.insight.health.record import Inspection, Record, SettingChange
from digit_tui.insight.health.weights import SMALL, relative_deviation
from digit_tui.nn import RULES

LARGE_UPDATE = 0.1
"""Update ratio above which a step forgets what the steps before it found. Presets have up to 0.16
in the very first step, where Adam and RMSProp know no gradients yet, and up to 0.022 after an
epoch; a hundred times their rates give 0.4 to 16."""
RUINOUS_UPDATE = 1.0
"""The same of the first steps: more than all of a layer in one."""
WARM_UP = 20
"""Steps after which the update ratio counts: by then an optimizer knows the gradients' size."""
GROWN = 5.0
"""Deviation of the weights, as a multiple of the initial one, that tells of too high a rate where
nothing was learned. Presets stay below 2.7; rates that are a hundred times too high give 7.9 and
more within an epoch."""
RUINOUS_GROWTH = 100.0
"""The same of a network that had learned something."""
FEW_STEPS = 20
"""A network that has made fewer steps has not had its chance."""


def in_trouble(record: Record) -> Finding | None:
    """A run that has paused by itself: its loss spiked, or is no number."""
    trouble = record.trouble
    if trouble is None:
        return None
    change = _raise(record, trouble.step, acted=True)
    high = too_high_from_the_start(record) if change is None else ""
    # The words name the last of several changes in a row; undo takes those back that came of it.
    undone = [each for each in record.changes if each.epoch >= trouble.back_to]
    row = _raise(replace(record, changes=tuple(undone)), trouble.step, acted=True)
    row = row if row is not None and row.words not in trouble.words else None
    named = row is not None and any(each.words in trouble.words for each in record.changes)
    since = [each for each in record.changes if each.step == trouble.step]
    rates = [each for each in since if each.setting == "learning_rate"]
    # With the same settings the same comes again; half of a raised rate brings nothing back.
    taken_back = change is not None and change.epoch >= trouble.back_to
    ways: tuple[str, ...] = ("undo",) if taken_back else ("undo", "halve_rate")
    if high:
        ways = ("undo_then_rate",) if record.step else begin_again(record)
    return Finding(
        "trouble",
        LOST,
        trouble.epoch,
        trouble.step,
        trouble.words,
        f"no step was made with the rate of {rates[-1].new:.4g} yet" if rates else "",
        change_words(row) if named else high,
        ways,
    )


def high_rate(record: Record) -> Finding | None:
    """Steps that are too large for the weights, or that have ruined them."""
    seen = record.inspected
    if seen is not None:
        limit = LARGE_UPDATE if seen.step >= _known_from(record) else RUINOUS_UPDATE
        largest, grown = _largest_fit_update(seen), _growth(seen)
        if largest > limit:  # of the next step: what was changed in a pause counts, too
            change = _raise(record, seen.step)
            first = record.first_seen(lambda each: _largest_fit_update(each) > limit)
            evidence = (
                f"the update ratio of a layer is {largest:.2g} in the next step; near 0.001 is "
                "healthy"
            )
            return _high(record, change, evidence, (first.epoch, first.step))
        unusual = grown > RUINOUS_GROWTH or (grown > GROWN and not record.learned)
        if unusual and seen.step >= _known_from(record):
            first = record.first_seen(lambda each: _growth(each) > GROWN)
            raised = _raises(record, first.step, acted=True)
            change = record.most_harmful(raised, first.step)
            change = change or _raise(record, seen.step, acted=True)
            evidence = f"the weights of a layer have grown to {grown:.3g} times their first spread"
            return _high(record, change, evidence, (first.epoch, first.step))
    rate, optimizer = _highest_rate(record)
    if not rate > highest_rate_of(optimizer):
        return None
    since, last = guesses(record), record.last
    usual, whose = usual_rate(record, optimizer)
    times = float(f"{rate / usual:.3g}")
    evidence = f"{rate:.3g}, {times:,.10g} times the {usual:.3g} {whose}"
    now = (rate, optimizer) == (record.learning_rate, record.optimizer) and not record.finished
    verb = "is" if now else "was"
    if since is not None:
        change = ruined_by(record, since)
        to_blame = change if change is not None and raises(change) else None
        begun = since.epoch, since.step
        return _high(record, to_blame, f"{evidence}; it only guesses", begun, verb)
    if last is None or last.step < FEW_STEPS or record.learned:
        return None
    change = _raise(record, last.step, acted=True)
    ended = float(last.epoch), last.step
    return _high(record, change, f"{evidence}; it knows little", ended, verb)


def _largest_fit_update(inspection: Inspection) -> float:
    """Of weights that are too small any step is a large part, and that is another trouble."""
    fit = [each for each in inspection.layers if relative_deviation(each) >= SMALL]
    return max((layer.update_ratio for layer in fit), default=0.0)


def _growth(inspection: Inspection) -> float:
    return max(map(relative_deviation, inspection.layers))


def _high(
    record: Record,
    change: SettingChange | None,
    evidence: str,
    since: tuple[float, int],
    verb: str = "is",
) -> Finding:
    from_the_start = too_high_from_the_start(record) if change is None else ""
    if change is not None:
        since = (change.epoch, change.step)
    elif from_the_start:
        since = (0.0, 0)
    return Finding(
        "high rate",
        LOST,
        *since,
        f"the learning rate {verb} too high",
        evidence,
        change_words(change) or from_the_start,
        _remedies(record, change, from_the_start),
    )


def _remedies(record: Record, change: SettingChange | None, from_the_start: str) -> tuple[str, ...]:
    if change is not None:
        return "undo", "halve_rate"
    return begin_again(record) if from_the_start else ("halve_rate", "restart")


def _known_from(record: Record) -> int:
    """The step from which update ratios say something of the rate."""
    change = record.last_change(record.step, "optimizer")
    return WARM_UP + (0 if change is None else change.step)


def _raise(record: Record, step: int, acted: bool = False) -> SettingChange | None:
    """The last change that brought another optimizer or a higher rate; see `Record.changes_by`."""
    found = _raises(record, step, acted)
    return found[-1] if found else None


def _raises(record: Record, step: int, acted: bool = False) -> list[SettingChange]:
    """All such changes, in the order of time."""
    return [each for each in record.changes_by(step, acted) if raises(each)]


def _highest_rate(record: Record) -> tuple[float, str]:
    """The base rate that was highest for its optimizer of all that steps were made with, and it."""
    return max(_rates(record), key=lambda pair: pair[0] / highest_rate_of(pair[1]))


def _rates(record: Record) -> Iterator[tuple[float, str]]:
    """The base rates that steps were made with so far, each with its optimizer."""
    (rate, optimizer), step = record.began_with, 0
    for change in record.changes:
        if change.step > step:
            yield rate, optimizer
        step = change.step
        if change.setting == "learning_rate":
            rate = change.new
        elif change.setting == "optimizer":
            optimizer = change.new
    if record.step > step or not step:
        yield rate, optimizer


def low_rate(record: Record) -> Finding | None:
    """A rate at which a network that knows little hardly gets on."""
    last = record.last
    if last is None or last.step < FEW_STEPS or record.has_learned_by(record.step):
        return None
    if record.learning_rate > LOW_RATE * RULES[record.optimizer].learning_rate:
        return None
    usual, whose = usual_rate(record, record.optimizer)
    change = record.last_change(record.step, "learning_rate", "optimizer")
    since = (0.0, 0) if change is None else (change.epoch, change.step)
    return Finding(
        "low rate",
        LOST,
        *since,
        "the learning rate is far too low",
        f"{record.learning_rate:.3g}, not the {usual:.3g} {whose}; the loss is "
        f"still {last.train_loss:.3g}, that of guessing {record.guessing:.3g}",
        change_words(change) or f"the rate of {record.learning_rate:.3g} from the start",
        ("undo", "double_rate") if change else ("double_rate",),
    )
