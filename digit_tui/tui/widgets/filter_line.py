"""A line in which a person says which digits to show."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label, Static

HINT = "true=4 pred=9 conf>0.9 loss>2 forgotten>=2 wrong right suspect broken fixed"
"""What can be asked for."""


class FilterLine(Vertical):
    """Opens with the filter that is in force; below it what may be written, or what is wrong."""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label("/ ")
            yield Input(compact=True, select_on_focus=False, disabled=True)
        yield Static(HINT)

    def open(self, text: str) -> None:
        """Let a person change this."""
        self.add_class("-open")
        line = self.query_one(Input)
        line.disabled = False
        line.cursor_blink = False  # each blink is sent to the terminal
        line.value = text
        line.cursor_position = len(text)
        line.focus()
        self.complain(None)

    def close(self) -> None:
        self.remove_class("-open")
        self.query_one(Input).disabled = True  # it takes no keys while nobody sees it

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def complain(self, words: str | None) -> None:
        """Say what is wrong, if anything is."""
        self.set_class(words is not None, "-wrong")
        self.query_one(Static).update(Text(words or HINT))

    def on_input_changed(self) -> None:
        if self.has_class("-wrong"):
            self.complain(None)
