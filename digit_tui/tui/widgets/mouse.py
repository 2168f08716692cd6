"""What the mouse asks of a view, whichever widget it points at."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widget import Widget


class RowChosen(Message):
    """A row of a list was clicked, or a picture of it."""

    def __init__(self, row: int) -> None:
        """Tell of it.

        Args:
            row: in the list, from 0.
        """
        super().__init__()
        self.row = row


class Turned(Message):
    """The wheel was turned."""

    def __init__(self, rows: int) -> None:
        """Tell of it.

        Args:
            rows: 1 down, -1 up.
        """
        super().__init__()
        self.rows = rows


class Wheel(Widget):
    """A widget that tells of the wheel."""

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(Turned(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(Turned(-1))
