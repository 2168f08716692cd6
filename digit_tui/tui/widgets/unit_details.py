"""One unit of a layer: its picture, what it answers to, its connections."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np
from rich.segment import Segment

from digit_tui.insight.one_unit import UnitFacts
from digit_tui.nn import Network
from digit_tui.tui.drawing.ink import Line, fitting_rows
from digit_tui.tui.widgets.mouse import Wheel
from digit_tui.tui.widgets.probabilities import LONGEST, bar_of
from digit_tui.tui.widgets.unit_tiles import favourite
from digit_tui.tui.widgets.weights_canvas import WeightsCanvas

GAP = 2
"""Columns between the parts."""
WORDS = 24
"""Columns of the connections."""
LEAST_BARS = 20
"""Columns of the bars, at least: the connections make room."""


class UnitDetails(WeightsCanvas, Wheel):
    """A picture; beside it the mean activation for each class, and the strongest weights."""

    COMPONENT_CLASSES = {"unit-details--head", "unit-details--most"}

    def show(self, facts: UnitFacts, network: Network, about: list[str], off: bool = False) -> None:
        """Draw a unit.

        Args:
            facts: what is known of it.
            network: whose unit it is.
            about: lines about it, above the rest.
            off: whether it is switched off.
        """
        width, height = self.size
        if not self.size:
            return  # it is drawn again when it has one
        side = len(facts.picture)
        rows = fitting_rows(side, width // 2, height)
        picture = self.draw_weights(facts.picture, 2 * rows, rows)
        room = width - 2 * rows - GAP
        words_room = WORDS + GAP if room >= LEAST_BARS + GAP + WORDS else 0
        bars_room = min(room - words_room, LONGEST)
        below = max(height - len(about), 1)
        bars = self._bars(facts, bars_room, below)
        words = self._connections(facts, network, side, below, off) if words_room else []
        text: list[Line] = [[Segment(f"{line:.{max(room, 0)}}")] for line in about]
        blank: Line = [Segment(" " * bars_room)]
        for bar, word in zip_longest(bars, words):
            text.append([*(bar or blank), Segment(" " * GAP), *(word or [])])
        beside: Line = [Segment(" " * 2 * rows)]
        lines = zip_longest(picture, text[:height])
        self.paint(
            [[*(left or beside), Segment(" " * GAP), *(right or [])] for left, right in lines]
        )

    def _bars(self, facts: UnitFacts, width: int, height: int) -> list[Line]:
        """A bar for each class, or for those with the highest where there are many."""
        means = facts.class_means
        most = favourite(means)
        shown = np.sort(np.argsort(-means, kind="stable")[: max(height - 1, 1)]).tolist()
        longest = float(np.nan_to_num(np.abs(means), posinf=np.nan).max(initial=0.0))
        room = max(width - 11, 1)  # beside the class and the number
        lines: list[Line] = [self._title("mean activation", width)]
        for each in shown:
            mean = float(means[each])
            length = abs(mean) / longest if longest and np.isfinite(mean) else 0.0
            bar = bar_of(length, room)
            style = self.part("unit-details--most") if each == most and mean > 0 else None
            if mean < 0:
                style = self.part("weights-canvas--calms")
            lines.append([Segment(f"{each:>2} {bar:<{room}} {mean:>7.2f}"[:width], style)])
        return lines

    def _connections(
        self, facts: UnitFacts, network: Network, side: int, height: int, off: bool
    ) -> list[Line]:
        """Its strongest weights in and out, with the names of what is at their other ends."""
        last = len(network.layers)

        def name(layer: int, index: int) -> str:
            if layer == 0:
                return f"row {index // side} column {index % side}"
            return f"class {index}" if layer == last else f"unit {index}"

        kinds = [("strongest weights in", facts.layer - 1, facts.incoming)]
        if facts.layer < last:
            kinds.append(("strongest weights out", facts.layer + 1, facts.outgoing))
        count = max(height // len(kinds) - 1, 1)
        lines: list[Line] = []
        for title, layer, connections in kinds:
            lines.append(self._title(title, WORDS))
            indices, weights = (each[:count].tolist() for each in connections)
            if not any(weights):
                lines.append([Segment("none: it is off" if off else "none: all are 0")])
                continue
            for index, weight in zip(indices, weights, strict=True):
                style = self.part(f"weights-canvas--{'excites' if weight > 0 else 'calms'}")
                lines.append(
                    [Segment(f"{name(layer, index):<16} "), Segment(f"{weight:+.3f}", style)]
                )
        return lines

    def _title(self, text: str, width: int) -> Line:
        return [Segment(f"{text:<{width}.{width}}", self.part("unit-details--head"))]
