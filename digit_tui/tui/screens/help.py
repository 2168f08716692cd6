"""What is seen on a view, in a line for each symbol and word; and every key."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from digit_tui.tui.key_words import key_sign, with_keys
from digit_tui.tui.keymap import Keymap
from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.screens.meanings import SIGN_WIDTH, Meaning

Group = tuple[str, list[Binding]]
Signs = tuple[str, Sequence[Meaning]]


class HelpDialog(Dialog[None]):
    """What a view shows, then its keys, then those of the run, and the way to the manual."""

    SCROLLS = True
    EXPLAINED = False
    BINDINGS = [
        Binding("k", "keys", "Keys"),
        Binding("m", "manual", "Manual"),
        Binding("escape,q,question_mark,enter,space", "dismiss", "Close", key_display="esc"),
    ]

    def __init__(self, view: str, signs: Sequence[Signs], keys: Sequence[Group]) -> None:
        """Make it.

        Args:
            view: the name of the view that it is about.
            signs: what is seen, group by group.
            keys: what can be pressed, group by group.
        """
        super().__init__()
        self.title = f"Help: {view}"
        self._signs = signs
        self._keys = keys

    def compose_content(self) -> ComposeResult:
        keys = [
            (title, [(self._keys_of(each), each.tooltip) for each in bindings])
            for title, bindings in self._keys
        ]
        signs = [
            (
                title,
                [(with_keys(self.app, sign), with_keys(self.app, words)) for sign, words in each],
            )
            for title, each in self._signs
        ]
        yield Static(_table(signs))
        yield Static(_table(keys), id="keys")
        yield Static(Text("Manual: m here, or digit-tui manual in a shell."))

    def _keys_of(self, binding: Binding) -> str:
        """All keys in force, where the user has given it several."""
        keymap = getattr(self.app, "keymap", Keymap())
        changed = keymap.changed.get(binding.id or "", ())
        if len(changed) > 1:
            return " ".join(map(key_sign, changed))
        return self.app.get_key_display(binding)

    def action_keys(self) -> None:
        self.query_one(VerticalScroll).scroll_to_widget(
            self.query_one("#keys"), animate=False, top=True
        )

    def action_manual(self) -> None:
        from digit_tui.tui.screens.manual import ManualDialog  # costs nothing before it is opened

        if self.app.screen is self:  # a second m in one write opens no second one
            self.app.push_screen(ManualDialog())


def _table(groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> Table:
    """Two columns: what is seen or pressed, and what that means or does."""
    table = Table.grid(padding=(0, 2))
    table.add_column(width=SIGN_WIDTH + 1)  # indented
    table.add_column()
    for title, rows in groups:
        table.add_row(Text(title, "bold"), "")
        for left, right in rows:
            table.add_row(Text(f" {left}"), Text(right))
        table.add_row("", "")
    return table
