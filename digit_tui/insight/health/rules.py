"""All rules, and what they find in a run."""

from __future__ import annotations

from digit_tui.insight.health import clipping, fit, labels, loss, rate, weights
from digit_tui.insight.health.finding import Finding, Rule
from digit_tui.insight.health.record import Record

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
    Rule("fighting labels", labels.fighting_labels),
    Rule("few images", fit.few_images),
    Rule("by heart", fit.by_heart),
    Rule("overfitting", fit.overfitting),
    Rule("plateau", loss.plateau),
    Rule("still weights", weights.still_weights),
    Rule("useless epochs", fit.useless_epochs),
    Rule("clips never", clipping.clips_never),
)
"""Causes before what follows from them: of findings that are equally bad the first is the worst."""


def findings_of(record: Record) -> list[Finding]:
    """What ails a run, the worst first; [] if nothing does."""
    found = [finding for rule in RULES if (finding := rule.find(record)) is not None]
    return sorted(found, key=lambda each: -each.severity)
