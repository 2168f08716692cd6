"""The corruptions, and how many digits are read right under each."""

from __future__ import annotations

from math import isnan

from rich.segment import Segment
from textual import events

from digit_tui.insight.robustness import NAMES, Robustness
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.mouse import RowChosen, Wheel

WIDE = 6
"""Columns of a number."""


class RobustnessTable(Canvas, Wheel):
    """A line for each corruption, the share that is read right in per cent, and the mean error.

    That is the mean corruption error; a fork's is told relative to its run's too.
    """

    COMPONENT_CLASSES = {"robustness-table--head", "robustness-table--chosen"}

    def show(self, results: list[Robustness], chosen: int) -> None:
        """Draw it.

        Args:
            results: of the run and, if it was measured, of its fork.
            chosen: the place of the chosen corruption.
        """
        head, strong = (self.part(f"robustness-table--{name}") for name in ("head", "chosen"))
        names = ("run", "fork") if len(results) > 1 else ("right",)
        lines: list[Line] = [[Segment(_row("mean of 1-5", names), head)]]
        means = [each.mean_accuracies for each in results]
        for place, name in enumerate(NAMES):
            mark = "▸" if place == chosen else " "
            text = _row(f"{mark}{name}", [_percent(each[place]) for each in means])
            lines.append([Segment(text, strong if place == chosen else None)])
        errors = [_percent(each.mean_corruption_error) for each in results]
        lines.append([Segment(_row(" mean wrong", errors), head)])
        self.set_class(len(results) > 1, "-forked")  # which has a line more
        relative = results[1].relative_to(results[0]) if len(results) > 1 else None
        if relative is not None and not isnan(relative):
            lines.append([Segment(_row(" relative", ["", _percent(relative)]), head)])
        self.paint(lines)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and 1 <= offset.y <= len(NAMES):
            self.post_message(RowChosen(offset.y - 1))


def _row(name: str, numbers: list[str] | tuple[str, ...]) -> str:
    return f"{name:<13}" + "".join(f"{each:>{WIDE}}" for each in numbers)


def _percent(value: float) -> str:
    """Without its sign; nothing while it is not known."""
    return "" if isnan(value) else f"{100 * value:.1f}"
