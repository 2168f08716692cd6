"""What ails a run, in words: one line for the worst finding, or all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from digit_tui.data import counted
from digit_tui.insight.health.finding import Finding
from digit_tui.insight.health.fit import near_limits
from digit_tui.insight.health.record import Record
from digit_tui.insight.health.rules import LATE_LOOK, RULES
from digit_tui.run.remedies import HEALTH, Ways

CHECKS = f"{', '.join(rule.name for rule in RULES)} (the manual explains each: health)"
"""What is checked, by the names that the manual explains; of all else nothing is said."""
SHORTENED_AT = ", ", " by step ", " from "
"""What goes before one of these in a finding's words can do alone."""
LINE = 76
"""Columns that a line may have, where it can."""


def no_finding(record: Record) -> str:
    """What is said where no rule found anything."""
    if not record.epochs:
        return "no epoch has been trained here yet"
    near = near_limits(record)
    told = "no check finds anything beyond its limit"
    seen = record.inspected
    if seen is not None and record.epoch - seen.epoch > LATE_LOOK:
        told += f"; the layers were looked at in epoch {seen.epoch:.2f}"
    return f"{told}; near one: {', '.join(near)}" if near else told


def health_line(findings: Sequence[Finding], ways: Ways | None, width: int = LINE) -> str:
    """The worst finding in one line; "" if nothing is wrong.

    For example "41% of layer 1 is dead since epoch 3.2, after learning rate 0.002 → 0.2: u goes
    back, [ halves the learning rate"; where that is longer than the line, with less.

    Args:
        findings: the worst first.
        ways: how the front end is asked for what can be done; None where nothing can.
        width: columns that there are.
    """
    if not findings:
        return ""
    worst = findings[0]
    what = worst.words
    since = what
    if _has_begun(worst):
        since += f" since epoch {worst.since_epoch:.4g}{_or_before(worst)}"
    why = f"{since} ({worst.cause})" if worst.cause else since
    remedies = remedy_words(worst, ways)
    texts = (why, since, what, *(what.partition(word)[0] for word in SHORTENED_AT))
    forms = [_with(form, remedies[:count]) for form in texts for count in (2, 1)]
    fitting = [form for form in forms if len(form) <= width]
    return fitting[0] if fitting else what


def _or_before(finding: Finding) -> str:
    return " or before" if finding.or_before else ""


def finding_parts(finding: Finding, ways: Ways | None) -> list[str]:
    """All that is known of a finding: what is and since when, its likely cause, what mends it."""
    since = ""
    if _has_begun(finding):
        since = f" since epoch {finding.since_epoch:.2f}, step {finding.since_step:,}"
        since += _or_before(finding)
    parts = [f"{finding.words}{since}"]
    if finding.evidence:
        parts[0] += f": {finding.evidence}"
    if finding.cause:
        parts.append(f"likely cause: {finding.cause}")
    return [*parts, *filter(None, [", ".join(remedy_words(finding, ways))])]


def health_lines(record: Record, findings: Sequence[Finding], ways: Ways | None) -> list[str]:
    """Every finding, or that there is none and what was checked; and what was looked at."""
    lines = ["; ".join(finding_parts(each, ways)) for each in findings] or [no_finding(record)]
    lines.append(f"looked at: {looked_at(record)}")
    if not findings and record.epochs:
        lines.append(f"checked for: {CHECKS}")
    return lines


def looked_at(record: Record) -> str:
    """For example "12 epochs, 1 change of settings, the layers at step 384, 1,000 digits"."""
    parts = [_epochs(record)]
    if record.changed_by:
        parts.append(f"{counted(record.changed_by, 'change')} of settings")
    if record.inspected is not None:
        parts.append(f"the layers at step {record.inspected.step:,}")
    if record.doubts is not None:
        parts.append(f"{record.doubts.digits:,} digits that it is measured on")
    if record.training_check is not None:
        parts.append(f"{record.training_check.digits:,} training images")
    return ", ".join(parts)


def _epochs(record: Record) -> str:
    """Of a long run only the latest are looked at, and the best one if that is before them."""
    best_apart = len(record.epochs) > 1 and record.epochs[1].epoch > record.epochs[0].epoch + 1
    if best_apart:
        return f"the best epoch and the last {len(record.epochs) - 1}"
    if record.epochs and record.epochs[0].epoch > 1:
        return f"the last {counted(len(record.epochs), 'epoch')}"
    return counted(len(record.epochs), "epoch")


def remedy_words(finding: Finding, ways: Ways | None) -> list[str]:
    """What can be done, each in words of the front end."""
    if ways is None:
        return []
    return [HEALTH[name].format_map(ways) for name in finding.remedies]


def _has_begun(finding: Finding) -> bool:
    """Whether there was a time before it that is to be told; a trouble's words tell it."""
    return finding.since_step > 0 and finding.rule != "trouble"


def _with(words: str, remedies: Sequence[str]) -> str:
    return f"{words}: {', '.join(remedies)}" if remedies else words
