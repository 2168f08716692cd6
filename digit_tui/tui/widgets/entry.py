"""A row of a form in which a value is typed."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.reactive import reactive
from textual.widgets import Static
from textual.widgets.input import Selection

from digit_tui.tui.widgets.choice import row_name
from digit_tui.tui.widgets.quick_input import QuickInput, act_now

MOST = 1_000
"""Characters that can be typed."""


class Entry(Horizontal):
    """A name, and a line to type in.

    Attributes:
        line: that is typed in.
        selected: whether keys are for this row.
    """

    selected = reactive(False)

    def __init__(
        self, name: str, text: str = "", hint: str = "", restrict: str | None = None
    ) -> None:
        """Make it.

        Args:
            name: of the value.
            text: that it has at first.
            hint: shown where nothing is typed.
            restrict: a regular expression for what can be typed; None for all.
        """
        super().__init__()
        self.label = name
        # Each change is not validated, and the styles are in app.tcss: both would set classes,
        # which takes Textual 2 ms each.
        self.line = EntryInput(
            text,
            hint,
            restrict=restrict,
            validate_on=["submitted"],
            select_on_focus=False,
            max_length=MOST,
        )
        self.line.cursor_blink = False  # each blink is sent to the terminal

    @property
    def text(self) -> str:
        return self.line.value.strip()

    def fill(self, text: str) -> None:
        """Put another text in the place of the one that is there."""
        self.line.value = text

    def select_all(self) -> None:
        """What is typed next takes the place of all that is there."""
        self.line.selection = Selection(0, len(self.line.value))

    def compose(self) -> ComposeResult:
        yield Static(row_name(self.label, self.selected))
        yield self.line

    def watch_selected(self) -> None:
        for name in self.query_children(Static):
            name.update(row_name(self.label, self.selected))


class EntryInput(QuickInput):
    """The line; its other keys are those of the dialog."""

    BINDINGS = [
        Binding("question_mark", "app.help", show=False),
        Binding("enter", "screen.submit", show=False),
        Binding("escape", "screen.leave", show=False),
        Binding("up,shift+tab", "screen.move(-1)", show=False),
        Binding("down,tab", "screen.move(1)", show=False),
    ]

    async def handle_now(self, key: events.Key) -> bool:
        # No value has a question mark in it, and who is asked for one may want help.
        asks = key.key == "question_mark"
        return await (act_now(self, key) if asks else super().handle_now(key))
