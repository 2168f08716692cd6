"""What ails the run, in one line, and what mends it."""

from __future__ import annotations

from rich.segment import Segment
from textual.message import Message

from digit_tui.run.health_words import health_line
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.canvas import Canvas


class HealthLine(Canvas):
    """The worst finding; nothing is shown where nothing is wrong. A click tells all of it."""

    class Opened(Message):
        """It was clicked."""

    def show(self, model: RunModel) -> None:
        findings = [] if model.health is None else model.health.findings
        self.display = bool(findings)
        if findings:
            self.paint([[Segment(health_line(findings, model.ways, max(self.size.width, 20)))]])

    def on_click(self) -> None:
        self.post_message(self.Opened())
