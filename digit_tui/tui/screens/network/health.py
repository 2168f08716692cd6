"""The page of health: all that ails the run, since when, and what mends it."""

from __future__ import annotations

from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from digit_tui.run.health_words import finding_parts, looked_at, no_finding
from digit_tui.run.remedies import Ways
from digit_tui.session.health_check import Health
from digit_tui.tui.screens.network.page import Look, Page


class HealthPage(Page):
    """Findings, the worst first. They are computed whenever the run is watched."""

    NAME = "Health"

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static()

    def epoch_of(self, look: Look) -> None:
        return None

    def compute(self, look: Look, choice: Any) -> None:
        """Compute nothing: the app looks after the health of the run, see HealthWatch."""

    def take(self, look: Look, found: Any) -> None:
        pass

    def say(self, text: str) -> None:
        self.query_one(Static).update(text)

    def draw(self) -> None:
        model = self.host.model
        if model.health is None:
            self.say("The run has not been looked at yet.")
            return
        parts = [health_text(model.health, model.ways)]
        if model.fork is not None and model.fork.health is not None:
            # What keys do is done to the run, and only when the fork has ended.
            fork = health_text(model.fork.health, None)
            title = Text(f"The fork ({model.fork.words})\n", "underline")
            parts = [Text("The run\n", "underline"), parts[0], Text("\n\n"), title, fork]
        self.query_one(Static).update(Text.assemble(*parts))


def health_text(health: Health, ways: Ways | None) -> Text:
    """Every finding, or that nothing is wrong; and what was looked at.

    Args:
        health: what was found.
        ways: how the interface is asked for what can be done; None where nothing can.
    """
    text = Text()
    if not health.findings:
        text.append(f"{no_finding(health.record).capitalize()}.\n\n", "bold")
    for number, finding in enumerate(health.findings, 1):
        what, *others = finding_parts(finding, ways)
        text.append(f"{number}  {what}\n", "bold")
        for other in others:
            text.append(f"   {other}\n")
        text.append("\n")
    text.append(f"Looked at: {looked_at(health.record)}.")
    return text
