"""The units that decided for one class and against another, and what is left without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from digit_tui.insight.path import Contributions
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.state.selected_digit import SelectedDigit
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.progress_line import PARTS

NAME, NUMBER, WITHOUT = 10, 8, 16
"""Columns of a row's name, its number, and the prediction without it."""


class DecidingUnits(Canvas):
    """A bar for each unit that speaks for the predicted class, the strongest first."""

    COMPONENT_CLASSES = {
        "deciding-units--head",
        "deciding-units--bar",
        "deciding-units--other",
    }

    def say(self, text: str) -> None:
        """Show text instead of units."""
        self.paint([[Segment(text)]])

    def show(
        self,
        parts: Contributions,
        without: Sequence[NDArray[Any]],
        selected: SelectedDigit,
        layer: int,
    ) -> None:
        """Draw what makes the difference of two logits.

        Args:
            parts: of the predicted class and its rival.
            without: (classes,) the probabilities without the most deciding unit, the two most, and
                so on.
            selected: the digit.
            layer: whose units they are, counted from 1.
        """
        predicted, rival = selected.predicted, selected.rival
        head = self.part("deciding-units--head")
        if not np.isfinite(parts.units).all():
            self.say(f"The numbers of layer {layer} are not finite.")
            return
        count = min(len(without), max(self.size.height - 1, 0))
        title, gone = f"why {predicted}, not {rival}: layer {layer}", "without so far"
        room = max(self.size.width - len(gone), 0)
        lines: list[Line] = [[Segment(f"{title:<{room}.{room}}{gone}", head)]]
        for unit, left in zip(parts.deciding(count).tolist(), without, strict=False):
            most = float(parts.units.max())
            lines.append(self._row(unit, float(parts.units[unit]), most, left, predicted))
        self.paint(lines)

    @property
    def _bar(self) -> int:
        """Columns of a bar."""
        return max(self.size.width - NAME - NUMBER - WITHOUT, 4)

    def _row(
        self, unit: int, value: float, most: float, left: NDArray[Any], predicted: int
    ) -> Line:
        whole, part = divmod(round(value / most * self._bar * 8), 8)
        bar = "█" * whole + (PARTS[part] if part else "")
        return [
            Segment(f"{f'unit {unit}':<{NAME}}"),
            Segment(f"{bar:<{self._bar}}", self.part("deciding-units--bar")),
            Segment(f"{value:>+{NUMBER}.2f}"),
            self._without(left, predicted),
        ]

    def _without(self, probabilities: NDArray[Any], predicted: int) -> Segment:
        best = int(probabilities.argmax())
        style = self.part("deciding-units--other") if best != predicted else None
        mark = " ◂" if best != predicted else ""
        text = f"  {best} {probabilities[best]:.0%}{mark}"
        return Segment(f"{text:<{WITHOUT}}", style)
