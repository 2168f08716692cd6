"""All rules, and what they find in a run."""

from __future__ import annotations

from collections.abc import Sequence

from digit_tui.insight.health import clipping, fit, labels, loss, rate, setback, weights
from digit_tui.insight.health.finding import NOTE, Finding, Rule, change_words
from digit_tui.insight.health.loss import guesses, is_lost
from digit_tui.insight.health.record import Record, SettingChange

RULES = (
    Rule("trouble", rate.in_trouble),
    Rule("not finite", weights.not_finite),
    Rule("clips always", clipping.clips_always),
    Rule("high rate", rate.high_rate),
    Rule("small weights", weights.small_weights),
    Rule("dead units", weights.dead_units),
    Rule("vanishing gradients", weights.vanishing_gradients),
    Rule("exploding gradients", weights.exploding_gradients),
    Rule("low rate", rate.low_rate),
    Rule("guessing", loss.guessing),
    Rule("relapse", loss.relapse),
    Rule("set back", setback.set_back),
    Rule("fighting labels", labels.fighting_labels),
    Rule("few images", fit.few_images),
    Rule("by heart", fit.by_heart),
    Rule("overfitting", fit.overfitting),
    Rule("underfitting", fit.underfitting),
    Rule("plateau", loss.plateau),
    Rule("still weights", weights.still_weights),
    Rule("useless epochs", fit.useless_epochs),
    Rule("clips never", clipping.clips_never),
)
"""Causes before what follows from them: of findings that are equally bad the first is the worst."""


TOO_HIGH = ("trouble", "high rate")
"""Findings of a rate that is too high."""
EXPLAINED = {
    # Units that such a rate has killed do not learn, whatever the images.
    **dict.fromkeys(("low rate", "still weights", "useless epochs", "set back"), TOO_HIGH),
    "high rate": ("trouble",),  # which says of what it came
    "guessing": ("low rate",),  # begun again it stays so
}
"""What nobody is told of beside what explains it, unless that is itself explained before."""

SEEN_IN_LAYERS = (
    *("not finite", "small weights", "dead units", "vanishing gradients"),
    *("still weights", "high rate"),
)
"""Findings that may begin at an inspection."""
OF_TRAINING = ("halve_rate", "double_rate", "find_rate", "clip", "clip_norm", "augment")
"""Remedies that change how it trains on."""
LATE_LOOK = 2.0
"""Epochs between two looks at the layers from which it is not known when something began."""
MUCH_TRAINING = 10.0
"""Epochs that nobody undoes for a network that is no better."""


def findings_of(record: Record) -> list[Finding]:
    """What ails a run, the worst first; [] if nothing does."""
    found = [finding for rule in RULES if (finding := rule.find(record)) is not None]
    possible = []
    for finding in [_perhaps_earlier(each, record) for each in _unexplained(found)]:
        cause = _cause_of(finding, record)
        finding = _without_vain_undo(finding, record, cause)
        possible.append(_without_vain_halving(finding, record, cause))
    if record.finished:
        possible = [_for_further_epochs(finding) for finding in possible]
    return sorted(possible, key=lambda each: -each.severity)


def _unexplained(found: Sequence[Finding]) -> list[Finding]:
    """What is not explained by another one that was found."""
    rules = {each.rule for each in found}
    for rule, by in EXPLAINED.items():
        if rules.intersection(by):
            rules.discard(rule)
    told = [
        each for each in found if each.rule in rules or (each.rule == "guessing" and each.cause)
    ]
    if any(each.severity > NOTE for each in told):
        told = [each for each in told if each.rule != "underfitting"]  # that is why
    return told


def _for_further_epochs(finding: Finding) -> Finding:
    """Of a run that is done: what changes its training helps in further epochs only."""
    ways = _without(finding, *OF_TRAINING).remedies
    of_training = [each for each in finding.remedies if each in OF_TRAINING]
    back = {"undo", "timeline"}.intersection(ways)
    if finding.severity > NOTE and of_training and not back:
        ways = (of_training[0], "epochs", *ways)
    return finding._replace(remedies=ways)


def _perhaps_earlier(finding: Finding, record: Record) -> Finding:
    """Where nobody had looked at the layers before, or not lately."""
    if finding.rule not in SEEN_IN_LAYERS or not finding.since_step:
        return finding
    if finding.rule == "high rate" and finding.cause:  # it began with that change
        return finding
    looks = [each for each in record.inspections if each.step <= finding.since_step]
    seen = bool(looks) and looks[-1].step == finding.since_step
    late = len(looks) < 2 or looks[-1].epoch - looks[-2].epoch > LATE_LOOK
    return finding._replace(or_before=seen and late)


def _without(finding: Finding, *remedies: str) -> Finding:
    ways = tuple(each for each in finding.remedies if each not in remedies)
    return finding._replace(remedies=ways)


def _without_vain_undo(finding: Finding, record: Record, cause: SettingChange | None) -> Finding:
    """Advise to undo only where that takes back the cause, no later change, and nothing better.

    Of a rate that was doubled while it trained it takes back the last doubling alone; out of a
    trouble it may lead to after the cause.
    """
    changes, trouble = record.changes_by(record.step), record.trouble
    if not changes:
        return finding
    if trouble is not None:
        if cause is None or cause.epoch >= trouble.back_to or finding.rule == "trouble":
            return finding
    elif is_lost(record):  # as out of a trouble, also where a person trained on through it
        return finding
    elif cause is not None:
        if _is_better_since(record, cause):
            return _without(finding, "undo")
        if cause in _last_command(changes) and cause.first_step in (None, cause.step):
            return finding
    ways = ("timeline" if each == "undo" else each for each in finding.remedies)
    return finding._replace(remedies=tuple(dict.fromkeys(ways)))


def _last_command(changes: Sequence[SettingChange]) -> list[SettingChange]:
    """What the last command changed."""
    made: list[SettingChange] = []
    for change in reversed(changes):
        made.append(change)
        if not change.same_command:
            break
    return made


def _without_vain_halving(finding: Finding, record: Record, cause: SettingChange | None) -> Finding:
    """Advise to halve a rate that did harm only where that takes it back, if anything else does.

    A network that was merely set back learns on with half the rate; one that is in trouble, or
    guesses, has lost what no rate brings back.
    """
    others = {"undo", "timeline"}.intersection(finding.remedies)
    if finding.severity <= NOTE or cause is None or not others:
        return finding
    lost = record.trouble is not None or guesses(record) is not None
    rate = record.learning_rate
    other = cause.setting == "learning_rate" and not cause.old < rate <= 2 * cause.old
    return _without(finding, "halve_rate") if lost or other else finding


def _cause_of(finding: Finding, record: Record) -> SettingChange | None:
    """The change that a finding names: a trouble does so in its words.

    It may be the first ones of several in a row, those that had acted when it began.
    """
    if not finding.cause and finding.rule != "trouble":
        return None
    steps = sorted({each.step for each in record.changes if each.step <= record.step})
    for change in (each for step in reversed(steps) for each in record.changes_by(step)):
        named = not finding.cause and finding.rule == "trouble" and change.words in finding.words
        if named or change_words(change) == finding.cause:
            return change
    return None


def _is_better_since(record: Record, change: SettingChange) -> bool:
    """Whether much training followed a change, and the network is better than before it."""
    before = [each for each in record.epochs if each.step <= change.step]
    if not before or record.last is None or record.epoch - change.epoch < MUCH_TRAINING:
        return False
    return record.last.loss < before[-1].loss
