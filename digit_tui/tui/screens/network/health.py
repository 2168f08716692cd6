"""The page of health: all that ails the run, since when, and what mends it."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from digit_tui.run.health_words import CHECKS, finding_parts, looked_at, no_finding
from digit_tui.run.remedies import Ways
from digit_tui.session.health_check import Health
from digit_tui.tui.screens.network.page import Look
from digit_tui.tui.screens.network.scrolled_page import ScrolledPage, scrolling
from digit_tui.tui.state.run_model import RunModel


class HealthPage(ScrolledPage):
    """Findings, the worst first. They are computed whenever the run is watched."""

    NAME = "Health"
    BINDINGS = scrolling("health")

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static()

    def __init__(self) -> None:
        super().__init__()
        self._drawn: tuple[Any, ...] = ()

    def epoch_of(self, look: Look) -> None:
        return None

    def as_of(self, model: RunModel, epoch: float | None) -> list[str]:
        """The epoch of the run that was looked at; the fork, if there is one, was at the same."""
        return [] if model.health is None else [f"epoch {model.health.record.epoch:.2f} "]

    def compute(self, look: Look, choice: Any) -> None:
        """Compute nothing: the app looks after the health of the run, see HealthWatch."""

    def take(self, look: Look, found: Any) -> None:
        pass

    def show(self, model: RunModel) -> None:
        """Draw what is new: what was undone goes at once."""
        if self._drawn != _known(model):
            self.draw()

    def say(self, text: str) -> None:
        self.query_one(Static).update(text)

    def draw(self) -> None:
        model = self.host.model
        self._drawn = _known(model)
        if model.repeats_to is not None:
            there = f"epoch {model.repeats_to:.2f}"
            self.say(f"The run repeats its steps up to {there}, and is looked at when it is there.")
            return
        if model.health is None:
            self.say("The run has not been looked at yet.")
            return
        parts: list[RenderableType] = [health_table(model.health, model.ways)]
        if model.fork is not None and model.fork.health is not None:
            # What keys do is done to the run, and only when the fork has ended.
            fork = health_table(model.fork.health, None)
            title = Text(f"The fork ({model.fork.words})", "underline")
            parts = [Text("The run", "underline"), parts[0], Text(), title, fork]
        self.query_one(Static).update(Group(*parts))


def _known(model: RunModel) -> tuple[Any, ...]:
    """What is known of the health of a run, and of its fork."""
    return model.repeats_to, model.health, None if model.fork is None else model.fork.health


def health_table(health: Health, ways: Ways | None) -> RenderableType:
    """Every finding, or that there is none and what was checked; and what was looked at.

    Args:
        health: what was found.
        ways: how the interface is asked for what can be done; None where nothing can.
    """
    table = Table.grid(padding=(0, 2, 0, 0))  # lines that wrap are indented, too
    for number, finding in enumerate(health.findings, 1):
        what, *others = finding_parts(finding, ways)
        table.add_row(Text(f"{number}", "bold"), Text(what, "bold"))
        for other in others:
            table.add_row("", Text(other))
        table.add_row("", "")
    seen = Text(f"Looked at: {looked_at(health.record)}.")
    if health.findings:
        return Group(table, seen)
    none = Text(f"{no_finding(health.record).capitalize()}.\n", "bold")
    checked = [Text(f"Checked for: {CHECKS}.")] if health.record.epochs else []
    return Group(none, seen, *checked)
