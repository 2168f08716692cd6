"""The page of calibration: whether the network is as sure as it is right."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

import numpy as np
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from digit_tui.insight.calibration import Reliability
from digit_tui.session.calibration_check import CalibrationCheck, check_calibration
from digit_tui.tui.drawing.chart import BRAILLE, Curve, Drawing, letter
from digit_tui.tui.screens.network.page import Look
from digit_tui.tui.screens.network.scrolled_page import ScrolledPage, scrolling
from digit_tui.tui.screens.train_charts import LINE
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart

TITLE = "Right by how sure"
NAMES = ("before", "after")
"""The temperature, whose curves they are."""
LEAST = 10
"""Digits of a bin that are worth a point: of fewer the share that is right is mostly chance."""
RISK_TITLE = "Error by coverage, log"
HIGHEST_LOW = 0.5
"""Both axes of the reliability diagram begin here, or below."""


class CalibrationPage(ScrolledPage):
    """A reliability diagram and the curve of risk and coverage, beside them the numbers."""

    NAME = "Calibration"
    SECONDS = 4.0  # both charts and all numbers change, and little from epoch to epoch
    BINDINGS = [
        Binding(
            "h", "switch_chart", "Chart", id="risk", tooltip="Show errors by how many are answered"
        ),
        *scrolling("calibration"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._folder: str | None = None
        self._found: CalibrationCheck | None = None

    def compose(self) -> ComposeResult:
        yield Static("The run is asked for its state.")
        with Horizontal():
            with Vertical():
                yield Chart(TITLE, id="reliability")
                yield Chart(RISK_TITLE, id="risk")
            with VerticalScroll(can_focus=False):
                yield Static(id="calibration-numbers")

    def on_mount(self) -> None:
        self._show_instead("The run is asked for its state.")

    def action_switch_chart(self) -> None:
        self.toggle_class("-risk")

    @property
    def keys_first(self) -> Sequence[str]:
        return ("risk",)

    def offers(self, action: str) -> bool | None:
        if action == "switch_chart":  # a high screen has room for both
            return not self.screen.has_class("-high")
        return super().offers(action)

    @property
    def needs_state(self) -> bool:
        return True

    @property
    def choice(self) -> str | None:
        """The folder that may have a saved temperature."""
        return self._folder

    def show(self, model: RunModel) -> None:
        self._folder = model.calibration_folder

    def compute(self, look: Look, choice: str | None) -> CalibrationCheck:
        return check_calibration(look.dataset, look.evaluated, look.inspected, choice)

    def take(self, look: Look, found: CalibrationCheck) -> None:
        self._found = found

    def say(self, text: str) -> None:
        self._show_instead(text)

    def draw(self) -> None:
        found = self._found
        if found is None:
            return
        if found.before is None:
            self.say("\n".join(found.lines))
            return
        self._show_instead(None)
        self.query_one("#calibration-numbers", Static).update("\n".join(found.lines))
        measures = [("training", found.before), ("held-out", found.after)]
        shown = [(color, each) for color, each in measures if each is not None]
        marker = "ascii" if self.app.no_color or not shows(BRAILLE) else "braille"
        curves = [_curve(each.reliability, color, mark) for mark, (color, each) in enumerate(shown)]
        low = _low(curves)
        diagonal = np.linspace(low, 1, 50)  # right as often as sure
        curves.insert(0, Curve(100 * diagonal, diagonal, "foreground", mark=2, faint=True))
        span, bounds = (100 * low, 100.0), (low, 1.0)
        drawing = Drawing(curves, span, [], percent=True, bounds=bounds, marker=marker)
        chart = self.query_one("#reliability", Chart)
        chart.border_title = TITLE + "".join(
            f" [${color}]{letter(marker, mark) or LINE} {name}[/]"
            for mark, (name, (color, _)) in enumerate(zip(NAMES, shown, strict=False))
            if len(shown) > 1
        )
        chart.draw(drawing)
        risks = [
            Curve(100 * each.curve.coverage, each.curve.risk, color, mark)
            for mark, (color, each) in enumerate(shown)
        ]
        drawing = Drawing(risks, (0.0, 100.0), [], percent=True, log=True, marker=marker)
        self.query_one("#risk", Chart).draw(drawing)


def _low(curves: Sequence[Curve]) -> float:
    """Where the axes begin: at the lowest point, rounded down to a tenth, or at `HIGHEST_LOW`."""
    values = [value for each in curves for value in (*each.x / 100, *each.y)]
    return min(floor(10 * min(values, default=0.0)) / 10, HIGHEST_LOW)


def _curve(reliability: Reliability, color: str, mark: int) -> Curve:
    """Accuracy by confidence, from bin to bin, where there are enough digits."""
    there = reliability.counts >= LEAST
    return Curve(100 * reliability.confidence[there], reliability.accuracy[there], color, mark)
