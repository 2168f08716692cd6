"""The charts of a run, and what happened in it."""

from __future__ import annotations

import numpy as np
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container

from digit_tui.tui.model import RunModel
from digit_tui.tui.screens.view import View
from digit_tui.tui.series import Series
from digit_tui.tui.widgets.chart import MARKERS, Chart, Curve, Drawing
from digit_tui.tui.widgets.event_log import EventLog

RECENT = 0.25
"""The recent part of a run, as a fraction of what has been trained."""

TRAIN, TEST = "warning", "primary"
"""Theme colours of the two curves; also told apart by the legend's order and by brightness."""


class TrainView(View):
    """Loss, accuracy and gradient norm over epochs, and the log."""

    BINDINGS = [
        Binding("w", "switch('recent')", "Window", id="window", tooltip="Whole run or recent part"),
        Binding("z", "switch('raw')", "Smooth", id="smooth", tooltip="Smoothed or raw curves"),
        Binding("l", "switch('log')", "Log", id="log", tooltip="Linear or logarithmic axes"),
        Binding(
            "m",
            "next_marker",
            "Marker",
            show=False,
            id="marker",
            tooltip="Draw charts with Braille, blocks or ASCII",
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._options = {"recent": False, "raw": False, "log": False}
        self._marker = "braille"

    def compose_content(self) -> ComposeResult:
        with Container(id="charts"):
            yield Chart("", id="loss")
            yield Chart("", id="accuracy")
            yield Chart("", id="gradient")
            yield EventLog()

    def action_switch(self, option: str) -> None:
        self._options[option] = not self._options[option]
        self.redraw()

    def action_next_marker(self) -> None:
        names = list(MARKERS)
        self._marker = names[(names.index(self._marker) + 1) % len(names)]
        self.redraw()

    def show(self, model: RunModel) -> None:
        super().show(model)
        self.query_one(EventLog).show(model)

    def draw(self, model: RunModel) -> None:
        raw = self._options["raw"]
        legend = f"[${TRAIN}]━ training[/] [${TEST}]━ test[/]"
        log = ", log" if self._options["log"] else ""
        self._draw_chart(
            model,
            "#loss",
            f"Loss by epoch{log}  {legend}",
            [
                (model.train_loss if raw else model.train_loss_smooth, TRAIN),
                (model.test_loss, TEST),
            ],
        )
        self._draw_chart(
            model,
            "#accuracy",
            f"{'Error' if log else 'Accuracy'} by epoch{log}  {legend}",
            [
                (model.train_accuracy if raw else model.train_accuracy_smooth, TRAIN),
                (model.test_accuracy, TEST),
            ],
            percent=True,
        )
        smooth = "raw" if raw else "smoothed"
        self._draw_chart(
            model,
            "#gradient",
            f"Gradient norm by epoch{log}, {smooth}",
            [(model.gradient_norm if raw else model.gradient_norm_smooth, TRAIN)],
        )

    def _draw_chart(
        self,
        model: RunModel,
        selector: str,
        title: str,
        series: list[tuple[Series, str]],
        percent: bool = False,
    ) -> None:
        start = model.epoch * (1 - RECENT) if self._options["recent"] else 0.0
        log = self._options["log"]
        curves = []
        for points, color in series:
            x, y = points.since(start)
            if percent and len(x) > 2 and x[0] == 0:
                x, y = x[1:], y[1:]  # the untrained network would squeeze all that follows
            if percent and log:
                y = np.where(y < 1, 1 - y, np.nan)  # accuracy crowds at 1, error does not at 0
            curves.append(Curve(x, y, color))
        chart = self.query_one(selector, Chart)
        chart.border_title = title
        chart.draw(
            Drawing(
                curves,
                span=(start, model.epoch),
                marks=model.marks,
                log=log,
                percent=percent,
                marker=self._marker,
            )
        )
