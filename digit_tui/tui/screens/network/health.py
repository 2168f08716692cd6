"""The page of health: all that ails the run, since when, and what mends it."""

from __future__ import annotations

from typing import Any, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from digit_tui.run.health_words import finding_parts, looked_at
from digit_tui.tui.screens.network.page import Look, Page
from digit_tui.tui.screens.view_host import ViewHost


class HealthPage(Page):
    """Findings, the worst first. They are computed whenever the run is watched."""

    NAME = "Health"

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static()

    def compute(self, look: Look, choice: Any) -> None:
        """Compute nothing: the app looks after the health of the run, see HealthWatch."""

    def take(self, look: Look, found: Any) -> None:
        pass

    def say(self, text: str) -> None:
        self.query_one(Static).update(text)

    def draw(self) -> None:
        model = cast(ViewHost, self.app).model
        health = model.health
        if health is None:
            self.say("The run has not been looked at yet.")
            return
        text = Text()
        if not health.findings:
            text.append("Nothing is wrong.\n\n", "bold")
        for number, finding in enumerate(health.findings, 1):
            what, *others = finding_parts(finding, model.ways)
            text.append(f"{number}  {what}\n", "bold")
            for other in others:
                text.append(f"   {other}\n")
            text.append("\n")
        text.append(f"Looked at: {looked_at(health.record)}.")
        self.query_one(Static).update(text)
