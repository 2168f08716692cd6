"""How well calibrated a network is, in words and as JSON values."""

from __future__ import annotations

from typing import Any

from digit_tui.insight.calibration import WANTED_ACCURACY, Measures, Reliability

COVERAGE = f"Coverage at {WANTED_ACCURACY:.1%} accuracy"

NAME_COLUMNS, NUMBER_COLUMNS = 24, 8
BETTER = "Lower is better, but for temperature and coverage."
"""How to read the table of the measures."""


def comparison_lines(before: Measures, after: Measures) -> list[str]:
    """A network at temperature 1 and at another one, in a table of four measures.

    The names have `NAME_COLUMNS` columns, each of the numbers `NUMBER_COLUMNS`.
    """
    rows = [
        ("Temperature", f"{before.temperature:.3f}", f"{after.temperature:.3f}"),
        ("Calibration error", f"{before.ece:.2%}", f"{after.ece:.2%}"),
        ("Neg. log-likelihood", f"{before.nll:.4f}", f"{after.nll:.4f}"),
        (
            f"Coverage, {WANTED_ACCURACY:.1%} accuracy",
            f"{before.coverage:.2%}",
            f"{after.coverage:.2%}",
        ),
        ("Risk-coverage area", *(_area_words(each.curve.area) for each in (before, after))),
    ]
    return [
        f"{name:{NAME_COLUMNS}}{first:>{NUMBER_COLUMNS}}{second:>{NUMBER_COLUMNS}}"
        for name, first, second in [("", "before", "after"), *rows]
    ]


def _area_words(area: float) -> str:
    """With four digits after the point, where it has room for them in its column."""
    return f"{area:.4%}" if area < 0.1 else f"{area:.2%}"


def worsening(before: Measures, after: Measures) -> str:
    """A line if a temperature made the calibration error of some digits larger, else ""."""
    if after.ece <= before.ece:
        return ""
    return "The temperature made the calibration of these digits worse."


def bin_lines(reliability: Reliability) -> list[str]:
    """The bins that have digits, surest first: how sure, how many, how many of them are right."""
    edges = reliability.edges
    lines = ["  sure   digits    mean   right"]
    for place in reversed(range(len(reliability.counts))):
        count = reliability.counts[place]
        if count:
            sure, right = reliability.confidence[place], reliability.accuracy[place]
            span = f"{100 * edges[place]:.0f}-{100 * edges[place + 1]:.0f}%"
            lines.append(f"{span:>7} {count:>7,} {100 * sure:>6.1f}% {100 * right:>6.1f}%")
    return lines


def summary(before: Measures, after: Measures) -> str:
    """For example "Calibrated at temperature 0.812: calibration error 0.21% (0.35% before), ...".

    Both are of the same digits, before at temperature 1.
    """
    return (
        f"Calibrated at temperature {after.temperature:.3f}: "
        f"calibration error {after.ece:.2%} ({before.ece:.2%} before), "
        f"negative log-likelihood {after.nll:.4f} ({before.nll:.4f})\n"
        f"{COVERAGE}  {after.coverage:.2%} of the digits"
    )


def to_json(before: Measures, measures: Measures) -> dict[str, Any]:
    """The temperature and what was measured before and at it, as fractions and nats."""
    return {
        "temperature": measures.temperature,
        "ece_before": before.ece,
        "ece": measures.ece,
        "nll_before": before.nll,
        "nll": measures.nll,
        "coverage": measures.coverage,
        "wanted_accuracy": WANTED_ACCURACY,
        "risk_coverage_area": measures.curve.area,
    }
