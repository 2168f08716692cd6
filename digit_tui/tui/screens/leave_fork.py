"""The dialog that tells a person who leaves what becomes of the fork beside the run."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Label

from digit_tui.training.restart import NextRun
from digit_tui.tui.screens.dialog import Dialog

Left = Literal["both", "one"]


class LeaveForkDialog(Dialog[Left | None]):
    """Leaves both branches, or lets a person choose one first; None does not leave.

    Attributes:
        following: the run that begins when this one is left; None ends the program.
    """

    TITLE = "Leave the run and its fork"
    BINDINGS = [
        Binding("enter,l", "dismiss('both')", "Save both", key_display="enter"),
        Binding("k", "dismiss('one')", "Keep one, and stay"),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]
    DEFAULT: Left = "both"
    """What is done in a hurry."""

    def __init__(self, changes: str, following: NextRun | None) -> None:
        """Make it.

        Args:
            changes: what the fork has, in words.
            following: see the attribute.
        """
        super().__init__()
        self.following = following
        self._changes = changes

    def compose_content(self) -> ComposeResult:
        yield Label(
            f"A fork trains beside the run: {self._changes}.\n\n"
            "Each is saved as a run of its own, and can be resumed on its own;\n"
            "they do not go on side by side then.",
            markup=False,
        )
