"""What a range test found, in words and in rows, for all front ends."""

from __future__ import annotations

from math import isfinite

import numpy as np

from digit_tui.data import counted
from digit_tui.insight.rate_finder import LOWEST
from digit_tui.nn import RULES
from digit_tui.run.rate_search import FoundRate

ROWS = 12
"""Of the table."""
ROUNDING = 1e-9
"""A relative difference that is none."""


def taken(rate: float) -> float:
    """A rate as it is named and taken: two digits, as the curve tells no more."""
    return float(f"{rate:.2g}")


def found_lines(found: FoundRate) -> list[str]:
    """Where the loss falls and where it explodes, and what follows from that."""
    curve = found.curve
    lines = []
    if curve.steepest is not None and curve.tenth is not None:
        fall, tenth = f"{taken(curve.steepest):g}", f"{taken(curve.tenth):g}"
        lines.append(f"steepest fall at {fall}; a tenth of the minimum's: {tenth}; {you(found)}")
    else:
        lines.append(f"{no_rate(found)}; {you(found)}")
    lines.append(ended(found))
    if curve.steepest is not None and finds_step_size(found):
        lines.append(own_rate(found))
    scheduled = schedule_words(found)
    return [*lines, scheduled] if scheduled else lines


def no_rate(found: FoundRate) -> str:
    """Why no rate is suggested."""
    reason = own_rate(found) if finds_step_size(found) else found.curve.reason
    return f"no rate is suggested: {reason}"


def finds_step_size(found: FoundRate) -> bool:
    """Whether the optimizer multiplies the rate by a factor that it finds itself."""
    return RULES[found.optimizer].step_size is not None


def own_rate(found: FoundRate) -> str:
    """What to set where the optimizer finds its step size."""
    usual = RULES[found.optimizer].learning_rate
    return f"{found.optimizer} finds its step size itself: leave the rate at {usual:g}"


def you(found: FoundRate) -> str:
    """Where the run is."""
    return f"you are at {found.present:.3g}"


def ended(found: FoundRate) -> str:
    """Where the test ended, and why."""
    curve, steps = found.curve, counted(len(found.curve.rates), "step")
    if curve.why == "highest rate":
        return f"{steps} from {LOWEST:g} to {curve.rates[-1]:g}: the loss did not explode"
    what = "exploded" if curve.why == "exploded" else "was not finite"
    return f"{steps} from {LOWEST:g}; the loss {what} at {taken(curve.rates[-1]):g}"


def schedule_words(found: FoundRate) -> str:
    """What the schedule makes of a base rate now; empty if it leaves it as it is."""
    if abs(found.factor - 1) < ROUNDING:
        return ""
    return (
        f"a rate that is set is the base rate: the schedule makes {found.factor:.3g} of it now "
        f"({found.present:.3g} of {found.base:.3g})"
    )


def loss_words(loss: float) -> str:
    """A loss, in nats."""
    return f"{loss:.3g}" if isfinite(loss) else "not finite"


def table(found: FoundRate) -> list[str]:
    """About a dozen rows of the curve, with what is special about some, after a heading."""
    curve = found.curve
    shown = np.unique(np.linspace(0, len(curve.rates) - 1, ROWS).round().astype(int))
    notes: dict[int, list[str]] = {}
    noted: dict[int, float] = {}  # which may lie between two that were tried
    for rate, words in (
        (curve.steepest, "steepest fall"),
        (curve.tenth, "a tenth of the minimum's"),
        (curve.suggestion, "suggested"),
        (curve.minimum, "minimum"),
        (found.present, "you are here"),
    ):
        if rate is not None and curve.rates[0] <= rate <= curve.rates[-1]:
            place = int(np.abs(np.log(curve.rates) - np.log(rate)).argmin())
            notes.setdefault(place, []).append(words)
            noted.setdefault(place, rate)
    lines = [f"{'rate':>8}  {'loss':>10}  {'smoothed':>10}"]
    for place in sorted({*shown.tolist(), *notes}):
        rate = noted.get(place, float(curve.rates[place]))
        loss = float(curve.losses[place])
        smoothed = curve.smoothed_at(rate)
        note = ", ".join(notes.get(place, []))
        row = f"{taken(rate):>8g}  {loss_words(loss):>10}  {loss_words(smoothed):>10}  {note}"
        lines.append(row.rstrip())
    return lines
