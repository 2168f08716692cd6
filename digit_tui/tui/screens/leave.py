"""The dialog that asks a person who went back, and leaves now, which moment is to be saved."""

from __future__ import annotations

from typing import Literal

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Label

from digit_tui.run.events import WentBack
from digit_tui.tui.screens.dialog import Dialog

Saved = Literal["later", "this"]


class LeaveDialog(Dialog[Saved | None]):
    """Chooses between the moment that was left and the present one; None does not leave."""

    TITLE = "Leave"
    BINDINGS = [
        Binding("enter", "dismiss('later')", "Save the later", key_display="enter"),
        Binding("t", "dismiss('this')", "Save this"),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]

    def __init__(self, left: WentBack, epoch: float) -> None:
        """Make it.

        Args:
            left: how the run left the later moment.
            epoch: where it is now.
        """
        super().__init__()
        self._left = left
        self._epoch = epoch

    def compose_content(self) -> ComposeResult:
        later = f"epoch {self._left.from_epoch:.2f}"
        yield Label(
            Text(
                f"You went back from {later} to {self._epoch:.2f}, and have not trained since. "
                "What is undone is lost when you leave.\n\n"
                f"Save the later moment, {later}, or this one?"
            )
        )
