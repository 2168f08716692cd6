"""The line in which a filter of the listed digits is typed."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label, Static

from digit_tui.insight.selection import SelectionError
from digit_tui.tui.widgets.quick_input import QuickInput

HINT = (
    "true=4 pred=9 index=12 conf>0.9 loss>2 forgotten>=2 "
    "wrong right suspect unbacked broken fixed; enter applies"
)
"""What a filter may consist of."""


class FilterLine(Vertical):
    """A filter, opened with the one in force; below it a hint, or what is wrong with it."""

    def __init__(self, apply: Callable[[str], None], hint: str = HINT) -> None:
        """It is closed at first.

        Args:
            apply: puts a filter in force and closes the line; raises SelectionError.
            hint: says what a filter may consist of.
        """
        super().__init__()
        self._apply = apply
        self._hint = hint

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Label("/ ")
            yield FilterInput(compact=True, select_on_focus=False, disabled=True)
        yield Static(Text(self._hint))

    def open(self, text: str) -> None:
        """Open with this filter, to be edited."""
        self.add_class("-open")
        line = self.query_one(Input)
        line.disabled = False
        line.cursor_blink = False  # each blink is sent to the terminal
        line.value = f"{text} " if text else ""
        line.cursor_position = len(line.value)
        self.screen.set_focus(line)  # at once: the next key is for it
        self._show_error(None)

    def close(self) -> None:
        self.screen.set_focus(None)
        self.remove_class("-open")
        self.query_one(Input).disabled = True  # it takes no keys while it is hidden

    def submit(self, text: str) -> None:
        """Put a filter in force, or show what is wrong with it."""
        try:
            self._apply(text)
        except SelectionError as error:
            self._show_error(str(error))

    @property
    def is_open(self) -> bool:
        return self.has_class("-open")

    def _show_error(self, error: str | None) -> None:
        """Show an error, or the hint if there is none."""
        self.set_class(error is not None, "-wrong")
        self.query_one(Static).update(Text(error or self._hint))

    def on_input_changed(self) -> None:
        if self.has_class("-wrong"):
            self._show_error(None)


class FilterInput(QuickInput):
    """The input itself."""

    BINDINGS = [Binding("escape", "screen.back", "Back")]

    async def action_submit(self) -> None:
        self.query_ancestor(FilterLine).submit(self.value)
