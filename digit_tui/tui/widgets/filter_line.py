"""A line in which a person says which digits to show."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label, Static

from digit_tui.insight.selection import SelectionError

HINT = (
    "true=4 pred=9 index=12 conf>0.9 loss>2 forgotten>=2 "
    "wrong right suspect unbacked broken fixed; enter applies"
)
"""What can be asked for."""


class FilterLine(Vertical):
    """Opens with the filter that is in force; below it what may be written, or what is wrong."""

    def __init__(self, choose: Callable[[str], None]) -> None:
        """Make it, closed.

        Args:
            choose: puts a filter in force and closes the line; raises SelectionError.
        """
        super().__init__()
        self._choose = choose

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label("/ ")
            yield FilterInput(compact=True, select_on_focus=False, disabled=True)
        yield Static(HINT)

    def open(self, text: str) -> None:
        """Let a person change this."""
        self.add_class("-open")
        line = self.query_one(Input)
        line.disabled = False
        line.cursor_blink = False  # each blink is sent to the terminal
        line.value = f"{text} " if text else ""
        line.cursor_position = len(line.value)
        self.screen.set_focus(line)  # at once: the next key is for it
        self.complain(None)

    def close(self) -> None:
        self.screen.set_focus(None)
        self.remove_class("-open")
        self.query_one(Input).disabled = True  # it takes no keys while nobody sees it

    def submit(self, text: str) -> None:
        """Put a filter in force, or say what is wrong with it."""
        try:
            self._choose(text)
        except SelectionError as error:
            self.complain(str(error))

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


class FilterInput(Input):
    """The line itself; the app hands keys to it, see `RunApp.on_event`."""

    BINDINGS = [Binding("escape", "screen.back", "Back")]

    async def obey(self, key: events.Key) -> bool:
        """Do what a key asks for, at once; whether it asks this line for anything."""
        if key.is_printable:
            await self._on_key(key)
            return True
        for binding in self._bindings.key_to_bindings.get(key.key, ()):
            if await self.app.run_action(binding.action, self):
                return True
        return False

    async def action_submit(self) -> None:
        self.query_ancestor(FilterLine).submit(self.value)
