"""The dialog that tells a person who leaves what becomes of the fork beside the run."""

from __future__ import annotations

from typing import Literal

from textual.binding import Binding

from digit_tui.training.restart import NextRun
from digit_tui.tui.screens.leave import LeavingDialog

Left = Literal["both", "one"]


class LeaveForkDialog(LeavingDialog[Left | None]):
    """Leaves both branches, or lets a person choose one first."""

    TITLE = "Leave the run and its fork"
    BINDINGS = [
        Binding("enter,l", "dismiss('both')", "Save both", key_display="enter"),
        Binding("k", "dismiss('one')", "Keep one, and stay"),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]
    DEFAULT = "both"

    def __init__(self, changes: str, following: NextRun | None) -> None:
        """Make it.

        Args:
            changes: what the fork has, in words.
            following: see `LeavingDialog`.
        """
        super().__init__(
            f"A fork trains beside the run: {changes}.\n\n"
            "Each is saved as a run of its own, and can be resumed on its own;\n"
            "they do not go on side by side then.",
            following,
        )
