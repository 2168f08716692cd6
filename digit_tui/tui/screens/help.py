"""Every key and what it does, made from the bindings."""

from __future__ import annotations

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from digit_tui.tui.screens.dialog import Dialog

Group = tuple[str, list[Binding]]


class HelpDialog(Dialog[None]):
    """A table of keys, group by group, and the way to the manual."""

    TITLE = "Keys"
    SCROLLS = True
    BINDINGS = [
        Binding("m", "manual", "Manual"),
        Binding("escape,q,question_mark,enter,space", "dismiss", "Close", key_display="esc"),
    ]

    def __init__(self, groups: list[Group]) -> None:
        super().__init__()
        self._groups = groups

    def compose_content(self) -> ComposeResult:
        table = Table.grid(padding=(0, 2))
        for title, bindings in self._groups:
            table.add_row(f"[b]{title}[/]", "")
            for binding in bindings:
                table.add_row(f"  {self.app.get_key_display(binding)}", binding.tooltip)
            table.add_row("", "")
        yield Static(table)

    def action_manual(self) -> None:
        from digit_tui.tui.screens.manual import ManualDialog  # costs nothing before it is opened

        if self.app.screen is self:  # a second m in one write opens no second one
            self.app.push_screen(ManualDialog())
