"""The charts of a run, and its log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.content import Content

from digit_tui.tui.drawing.plot import BRAILLE, MARKERS, Curve, Drawing, letter
from digit_tui.tui.drawing.ticks import label
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.curves import Curves
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart
from digit_tui.tui.widgets.event_log import EventLog
from digit_tui.tui.widgets.gap_line import GapLine
from digit_tui.tui.widgets.hardest_digits import HardestDigits

RECENT = 0.25
"""Length of the recent window, as a fraction of what has been trained."""

RUN_COLORS = ("training", "held-out")
"""Theme colours of the training and the held-out curve; they differ in brightness too."""
FORK_COLORS = ("fork-training", "fork-held-out")
"""Those of a fork's curves."""


class TrainView(View):
    """Loss, accuracy and gradient norm over epochs, and the log."""

    TAB = "Training"
    BINDINGS = [
        Binding(
            "w",
            "switch('recent')",
            "Window",
            id="window",
            tooltip="Show the whole run, or its recent part",
        ),
        Binding("z", "switch('raw')", "Smooth", id="smooth", tooltip="Show smoothed or raw curves"),
        Binding("l", "switch('log')", "Log", id="log", tooltip="Use logarithmic or linear axes"),
        Binding(
            "m",
            "next_marker",
            "Marker",
            show=False,
            id="marker",
            tooltip="Draw charts with Braille, blocks or ASCII",
        ),
        Binding(
            "left",
            "crosshair(-1)",
            "Left",
            show=False,
            id="value_left",
            tooltip="Read the values to the left",
        ),
        Binding(
            "right",
            "crosshair(1)",
            "Right",
            show=False,
            id="value_right",
            tooltip="Read the values to the right",
        ),
        Binding(
            "escape", "no_crosshair", "Clear", show=False, id="clear", tooltip="Show no values"
        ),
        Binding("enter", "open_digit", "Digit", id="digit", tooltip="Show the hardest digit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._options = {"recent": False, "raw": False, "log": True}
        self._marker = "braille"
        self._crosshair: float | None = None

    def on_mount(self) -> None:
        # Without colour, letters distinguish the curves.
        if self.app.no_color or not shows(BRAILLE):
            self._marker = "ascii"

    def compose_content(self) -> ComposeResult:
        with Container(id="charts"):
            yield Chart("", id="loss")
            yield Chart("", id="accuracy")
            yield Chart("", id="gradient")
            yield EventLog()
        yield HardestDigits()
        yield GapLine()

    def action_switch(self, option: str) -> None:
        self._options[option] = not self._options[option]
        self.redraw()

    def action_next_marker(self) -> None:
        names = list(MARKERS)
        self._marker = names[(names.index(self._marker) + 1) % len(names)]
        self.redraw()

    def action_open_digit(self) -> None:
        index = self.query_one(HardestDigits).first
        if index is not None:
            self.host.show_digit(index)

    def on_hardest_digits_opened(self, message: HardestDigits.Opened) -> None:
        self.host.show_digit(message.index)

    def on_chart_pointed(self, message: Chart.Pointed) -> None:
        self._move_crosshair(message.epoch)

    def action_crosshair(self, columns: int) -> None:
        """Show the values some columns further; the first time, the latest."""
        end = self.host.model.epoch
        if self._crosshair is not None:
            step = columns * self.query_one("#loss", Chart).column_width
            end = min(max(self._crosshair + step, 0.0), end)
        self._move_crosshair(end)

    def action_no_crosshair(self) -> None:
        self._move_crosshair(None)

    def _move_crosshair(self, epoch: float | None) -> None:
        if epoch != self._crosshair:
            self._crosshair = epoch
            self.redraw_once()  # of many moves of the mouse only the last is drawn

    def show(self, model: RunModel) -> None:
        self.set_class(model.fork is not None, "-forked")
        super().show(model)
        self.query_one(EventLog).show(model)
        self.query_one(GapLine).show(model)

    def draw(self, model: RunModel) -> None:
        self.query_one(HardestDigits).show(model)
        raw = self._options["raw"]
        log = self._options["log"]
        scale = ", log" if log else ""
        kind = "raw" if raw else "smoothed"
        drawn_curves = self._run_curves(model)
        width = self.query_one("#loss", Chart).size.width
        if model.fork is None:
            legend = (
                f"  {self._key(0)} training[/] {self._key(1)} {model.config.monitored_split}[/]"
            )
            norm_legend = f", {kind}"
        else:
            keys = [f"{self._key(mark)}[/]" for mark in range(4)]
            legend = f"  run {keys[0]} {keys[1]} fork {keys[2]} {keys[3]}"
            norm_legend = f"  run {keys[0]} fork {keys[2]}"
        self._draw_chart(
            model,
            "#loss",
            _title("Loss", scale, legend, width),
            [
                curve
                for run_curves in drawn_curves
                for curve in (
                    run_curves.curve("train_loss" if raw else "train_loss_smooth", 0),
                    run_curves.curve("monitored_loss", 1),
                )
            ],
        )
        self._draw_chart(
            model,
            "#accuracy",
            _title("Error" if log else "Accuracy", scale, legend, width),
            [
                curve
                for run_curves in drawn_curves
                for curve in (
                    run_curves.curve("train_accuracy" if raw else "train_accuracy_smooth", 0),
                    run_curves.curve("monitored_accuracy", 1),
                )
            ],
            percent=True,
        )
        self._draw_chart(
            model,
            "#gradient",
            _title("Gradient norm", scale, norm_legend, width),
            [
                run_curves.curve("gradient_norm" if raw else "gradient_norm_smooth", 0)
                for run_curves in drawn_curves
            ],
        )

    def _key(self, mark: int) -> str:
        """The start of a legend entry: the curve's colour, and its letter if it has one."""
        return f"[${(*RUN_COLORS, *FORK_COLORS)[mark]}]{letter(self._marker, mark) or '━'}"

    def _run_curves(self, model: RunModel) -> list[RunCurves]:
        """What is drawn: undone parts in the back, then the run, then its fork."""
        start = model.epoch * (1 - RECENT) if self._options["recent"] else 0.0
        drawn_curves = [
            RunCurves(undone.curves, start, RUN_COLORS, True) for undone in model.undone
        ]
        drawn_curves.append(RunCurves(model.curves, start, RUN_COLORS))
        if model.fork is not None:
            drawn_curves.append(RunCurves(model.fork_curves, start, FORK_COLORS))
        return drawn_curves

    def _values_title(self, title: str, curves: list[Curve], epoch: float, percent: bool) -> str:
        """What a chart shows, and the values of its curves at an epoch."""
        values = [(curve.mark, curve.value_at(epoch)) for curve in curves if not curve.faint]
        words = [
            f"{self._key(mark)} {label(float(f'{value:.3g}'), percent)}[/]"
            for mark, value in values
            if value is not None and isfinite(value)
        ]
        return f"{title.split()[0].rstrip(',')} at {epoch:.2f}  {' '.join(words)}"

    def _draw_chart(
        self,
        model: RunModel,
        selector: str,
        title: str,
        curves: list[Curve],
        percent: bool = False,
    ) -> None:
        start = model.epoch * (1 - RECENT) if self._options["recent"] else 0.0
        log = self._options["log"]
        if percent:
            curves = [_without_untrained(curve) for curve in curves]
        if percent and log:  # near 1 accuracies cannot be told apart, error rates near 0 can
            curves = [
                replace(curve, y=np.where(curve.y < 1, 1 - curve.y, np.nan)) for curve in curves
            ]
        chart = self.query_one(selector, Chart)
        if not chart.display:
            return
        if self._crosshair is not None:
            title = self._values_title(title, curves, self._crosshair, percent)
        chart.border_title = title
        chart.draw(
            Drawing(
                curves,
                span=(
                    start,
                    max([model.epoch, *(curve.x[-1] for curve in curves if len(curve.x))]),
                ),
                marks=[*model.curves.marks],
                log=log,
                percent=percent,
                marker=self._marker,
                crosshair=self._crosshair,
            )
        )


@dataclass(frozen=True, eq=False)
class RunCurves:
    """The curves of one branch or undone part, as they are drawn."""

    curves: Curves
    start: float
    """The first epoch that is drawn."""
    colors: tuple[str, str]
    faint: bool = False

    def curve(self, name: str, color: int) -> Curve:
        x, y = getattr(self.curves, name).since(self.start)
        mark = color + (2 if self.colors is FORK_COLORS else 0)
        return Curve(x, y, self.colors[color], mark, self.faint)


def _title(name: str, scale: str, legend: str, width: int) -> str:
    """What a chart shows, in as many words as fit beside the corners of its border."""
    choices = [f"{name} by epoch{scale}{legend}", f"{name}{scale}{legend}", f"{name}{legend}"]
    choices.append(f"{name}{legend.replace('training', 'train').replace('validation', 'valid')}")
    fitting = (each for each in choices if Content.from_markup(each).cell_length <= width - 2)
    return next(fitting, choices[-1])


def _without_untrained(curve: Curve) -> Curve:
    """Without the accuracy of the untrained network, which would squeeze the rest of the curve."""
    if len(curve.x) > 2 and curve.x[0] == 0:
        return replace(curve, x=curve.x[1:], y=curve.y[1:])
    return curve
