"""Every key and what it does, made from the bindings."""

from __future__ import annotations

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from digit_tui.tui.screens.dialog import Dialog

Group = tuple[str, list[Binding]]


class HelpDialog(Dialog[None]):
    """A table of keys, group by group, and the way to the manual."""

    BINDINGS = [
        Binding("escape,q,question_mark,enter,space", "dismiss", "Close"),
        Binding("m", "manual", "Manual"),
    ]

    def __init__(self, groups: list[Group]) -> None:
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        table = Table.grid(padding=(0, 2))
        for title, bindings in self._groups:
            table.add_row(f"[b]{title}[/]", "")
            for binding in bindings:
                table.add_row(f"  {self.app.get_key_display(binding)}", binding.tooltip)
            table.add_row("", "")
        with VerticalScroll(classes="dialog") as box:
            box.border_title = "Keys (m opens the manual, esc closes)"
            yield Static(table)

    def action_manual(self) -> None:
        from digit_tui.tui.screens.manual import ManualDialog  # costs nothing before it is opened

        if self.app.screen is self:  # a second m in one write opens no second one
            self.app.push_screen(ManualDialog())
