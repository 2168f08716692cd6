"""The base class of dialogs in which several values are entered."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ScreenResultType
from textual.widgets import Input, Label

from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.widgets.choice import Choice
from digit_tui.tui.widgets.entry import Entry
from digit_tui.tui.widgets.quick_input import act_now

OR = "  or"
"""The name of a row with another value than those of the choice above it."""
NUMBER = "0123456789."


class Form(Dialog[ScreenResultType]):
    """Rows of values; one row is selected. None leaves everything as it is."""

    AUTO_FOCUS = ""  # an entry has the focus when it is selected
    MESSAGE = True
    INTRODUCTION = ""
    """Says what the values are for."""

    BINDINGS = [
        Binding("up,shift+tab", "move(-1)", show=False),
        Binding("down,tab", "move(1)", show=False),
        Binding("left", "choose(-1)", show=False),
        Binding("right,space", "choose(1)", show=False),
        Binding("q", "leave", show=False),
    ]

    def __init__(self, rows: Sequence[Choice | Entry]) -> None:
        """Make it.

        Args:
            rows: from top to bottom; keys are for the first at first.
        """
        super().__init__()
        self._rows = list(rows)
        self._row = self._rows[0]
        self._row.selected = True

    def compose_content(self) -> ComposeResult:
        yield Label(self.INTRODUCTION)
        yield from self._rows

    async def handle_now(self, key: events.Key) -> bool:
        """Handle a key at once, as the app has it; returns whether it is one for this dialog."""
        if self._own_value is not None and (key.character or " ") in NUMBER:
            self._select(self._own_value)
        row = self._row
        return await (row.line.handle_now(key) if isinstance(row, Entry) else act_now(self, key))

    @property
    def _own_value(self) -> Entry | None:
        """Where another value than those of the selected choice is typed."""
        below = self._rows[self._rows.index(self._row) + 1 :][:1]
        return next((each for each in below if isinstance(each, Entry) and each.label == OR), None)

    def on_mount(self) -> None:
        self.changed()

    def changed(self, row: Choice | Entry | None = None) -> None:
        """Show what follows from the values.

        Args:
            row: whose value has changed; None shows the values of the beginning.
        """
        raise NotImplementedError

    def action_submit(self) -> None:
        """Close with what was entered, or tell what is wrong with it."""
        raise NotImplementedError

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_move(self, rows: int) -> None:
        place = (self._rows.index(self._row) + rows) % len(self._rows)
        self._select(self._rows[place])

    def action_choose(self, steps: int) -> None:
        if isinstance(self._row, Choice):
            self._row.move(steps)
            self.changed(self._row)

    def _select(self, row: Choice | Entry) -> None:
        self._row.selected = False
        self._row = row
        row.selected = True
        if isinstance(row, Entry):
            if self.focused is not row.line:  # or a click has put the cursor somewhere
                row.select_all()
                self.set_focus(row.line, scroll_visible=False)
        else:
            self.set_focus(None)
        row.scroll_visible(animate=False)

    def on_choice_clicked(self, message: Choice.Clicked) -> None:
        self._select(message.row)
        if message.value is not None:
            message.row.chosen = message.value
            self.changed(message.row)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget is not self.focused:  # keys have moved on meanwhile
            return
        for row in self._rows:
            if isinstance(row, Entry) and row.line is event.widget and row is not self._row:
                self._select(row)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        for row in self._rows:
            if isinstance(row, Entry) and row.line is message.input:
                self.changed(row)
