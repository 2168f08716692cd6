"""The base class of dialogs in which one of several lines is chosen."""

from __future__ import annotations

from textual.screen import ScreenResultType
from textual.widgets import OptionList

from digit_tui.tui.screens.dialog import Dialog


class ListDialog(Dialog[ScreenResultType]):
    """A list: arrows move in it, and `submit` is the action of the button that chooses a line."""

    def action_submit(self) -> None:
        self.query_one(OptionList).action_select()
