"""What ails the run, in one line, and what mends it."""

from __future__ import annotations

from rich.segment import Segment
from textual.message import Message

from digit_tui.run.health_words import health_line
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.canvas import Canvas

FORK = "fork: "


class HealthLine(Canvas):
    """The worst finding, of the run or its fork; nothing is shown where nothing is wrong. A click
    tells all of it."""

    class Opened(Message):
        """It was clicked."""

    def show(self, model: RunModel) -> None:
        fork = None if model.fork is None else model.fork.health
        own, others = ([] if each is None else each.findings for each in (model.health, fork))
        self.set_class(bool(own or others), "-ill")
        width = max(self.size.width, 20)
        if others and (not own or others[0].severity > own[0].severity):
            self.paint([[Segment(FORK + health_line(others, None, width - len(FORK)))]])
        elif own:
            ways = model.ways if model.fork is None else None  # its keys wait for the fork's end
            self.paint([[Segment(health_line(own, ways, width))]])

    def on_click(self) -> None:
        self.post_message(self.Opened())
