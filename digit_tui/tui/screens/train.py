"""The charts of a run, and its log."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container

from digit_tui.insight.confusion import confusion_matrix
from digit_tui.run.events import Evaluated
from digit_tui.tui.drawing.chart import BRAILLE, MARKERS
from digit_tui.tui.screens.train_charts import SUBJECTS, ChartOptions, draw_subject, pair_legend
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.chart import Chart
from digit_tui.tui.widgets.confusion_matrix import ConfusionMatrix, Table
from digit_tui.tui.widgets.event_log import EventLog
from digit_tui.tui.widgets.gap_line import GapLine
from digit_tui.tui.widgets.hardest_digits import HardestDigits
from digit_tui.tui.widgets.health_line import HealthLine
from digit_tui.tui.widgets.tips import Tips

VALUES = Binding.Group("Values", compact=True)


class TrainView(View):
    """Loss, accuracy and gradient norm over epochs, and the log."""

    TAB = "Training"
    BINDINGS = [
        Binding("enter", "open_digit", "Digit", id="digit", tooltip="Show the hardest digit"),
        Binding("l", "log", "Axes", id="log", tooltip="Use logarithmic or linear axes"),
        Binding("z", "smooth", "Smooth", id="smooth", tooltip="Show smoothed or raw curves"),
        Binding(
            "w", "window", "Window", id="window", tooltip="Show the whole run, or its recent part"
        ),
        Binding(
            "m",
            "next_marker",
            "Marker",
            show=False,
            id="marker",
            tooltip="Draw charts with Braille, blocks or ASCII",
        ),
        Binding(
            "escape", "no_crosshair", "Clear", show=False, id="clear", tooltip="Show no values"
        ),
        Binding(
            "left",
            "crosshair(-1)",
            "Values",
            group=VALUES,
            id="value_left",
            tooltip="Read the values to the left",
        ),
        Binding(
            "right",
            "crosshair(1)",
            "Values",
            group=VALUES,
            id="value_right",
            tooltip="Read the values to the right",
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._options = ChartOptions()
        self._counted: Evaluated | None = None

    def on_mount(self) -> None:
        self._show_tips()
        # Without colour, letters distinguish the curves.
        if self.app.no_color or not shows(BRAILLE):
            self._options.marker = "ascii"

    def compose_content(self) -> ComposeResult:
        loss, accuracy, *others = SUBJECTS
        with Container(id="charts"):
            yield Chart("", id=loss.id)
            yield Chart("", id=accuracy.id)
            yield ConfusionMatrix()
            for subject in others:
                yield Chart("", id=subject.id)
            yield EventLog()
            yield HardestDigits()
        yield HealthLine()
        yield GapLine()
        yield Tips()

    def action_window(self) -> None:
        self._options.recent = not self._options.recent
        self.redraw()

    def action_smooth(self) -> None:
        self._options.raw = not self._options.raw
        self.redraw()

    def action_log(self) -> None:
        self._options.log = not self._options.log
        self.redraw()

    def action_next_marker(self) -> None:
        names = list(MARKERS)
        self._options.marker = names[(names.index(self._options.marker) + 1) % len(names)]
        self.redraw()

    def action_open_digit(self) -> None:
        index = self.query_one(HardestDigits).first
        if index is not None:
            self.host.show_digit(index)

    def on_digit_tiles_opened(self, message: HardestDigits.Opened) -> None:
        self.host.show_digit(message.index)

    def on_confusion_matrix_chosen(self, message: ConfusionMatrix.Chosen) -> None:
        self.host.show_cell(message.cell)

    def on_health_line_opened(self) -> None:
        self.host.show_health()

    def on_chart_pointed(self, message: Chart.Pointed) -> None:
        self._move_crosshair(message.epoch)

    def action_crosshair(self, columns: int) -> None:
        """Show the values some columns further; the first time, the latest."""
        end = self.host.model.epoch
        if self._options.crosshair is not None:
            step = columns * self.query_one("#loss", Chart).column_width
            end = min(max(self._options.crosshair + step, 0.0), end)
        self._move_crosshair(end)

    def action_no_crosshair(self) -> None:
        self._move_crosshair(None)

    def _move_crosshair(self, epoch: float | None) -> None:
        if epoch != self._options.crosshair:
            self._options.crosshair = epoch
            self.redraw_once()  # of many moves of the mouse only the last is drawn

    def show(self, model: RunModel) -> None:
        self.set_class(model.fork is not None, "-forked")
        self._show_tips()
        super().show(model)
        self.query_one(EventLog).show(model)
        self.query_one(HealthLine).show(model)
        self.query_one(GapLine).show(model, pair_legend(model, self._options))

    def _show_tips(self) -> None:
        tips = self.query_one(Tips)
        tips.display = self.host.shows_tips
        if tips.display:
            tips.show(self.host.model.state == "finished")
        self.set_class(self.host.shows_tips, "-tips")

    def draw(self, model: RunModel) -> None:
        crosshair = self._options.crosshair
        if crosshair is not None and crosshair < self._options.start(model):
            self._options.crosshair = None  # the window has left it behind
        self.query_one(HardestDigits).show(model)
        self._draw_confusion(model.shown)
        for subject in SUBJECTS:
            chart = self.query_one(f"#{subject.id}", Chart)
            if chart.display:
                chart.border_title, drawing = draw_subject(
                    subject, model, self._options, chart.title_room
                )
                chart.draw(drawing)

    def _draw_confusion(self, evaluated: Evaluated | None) -> None:
        """Draw the counts of an evaluation in small, once; there is room on a large screen only."""
        matrix = self.query_one(ConfusionMatrix)
        if not matrix.display or evaluated is self._counted:
            return
        self._counted = evaluated
        if evaluated is None:
            matrix.border_title = ""
            matrix.show(None, None)
        else:
            matrix.border_title = f"Confusion of {evaluated.split} digits, columns: predicted"
            matrix.show(Table(confusion_matrix(evaluated.evaluation), None, False), None)
