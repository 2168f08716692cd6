"""How robust networks are, as plain text for at most 80 columns."""

from __future__ import annotations

from digit_tui.insight.corruptions import STRENGTHS
from digit_tui.insight.robustness import NAMES, Robustness

WIDE = 7
"""Columns of a number, as "100.00" and a space."""
HEADINGS = ("corruption", *map(str, range(STRENGTHS + 1)), "mean")


def robustness_lines(
    own: Robustness, other: Robustness | None = None, name: str = "other"
) -> list[str]:
    """A table of accuracies in per cent, a line for each corruption, and the mean error.

    Args:
        own: of the network, complete.
        other: of another one, to compare with.
        name: what the other is called, in at most six characters.
    """
    rows = [[*HEADINGS, *([name, "points"] if other is not None else [])]]
    for place, corruption in enumerate(NAMES):
        cells = [*own.accuracies[place], own.mean_accuracies[place]]
        row = [corruption, *(f"{100 * each:.2f}" for each in cells)]
        if other is not None:
            theirs = other.mean_accuracies[place]
            row += [f"{100 * theirs:.2f}", f"{100 * (cells[-1] - theirs):+.2f}"]
        rows.append(row)
    lines = [f"{row[0]:<13}" + "".join(f"{cell:>{WIDE}}" for cell in row[1:]) for row in rows]
    error = own.mean_corruption_error
    lines += ["", f"mean corruption error {error:.2%}"]
    if other is not None:
        theirs = other.mean_corruption_error
        relative = own.relative_to(other)
        words = "" if relative is None else f"; relative to it {relative:.1%}"
        lines[-1] += f", {name} {theirs:.2%}{words}"
    return lines
