"""The base class of dialogs in which one of several lines is chosen."""

from __future__ import annotations

from textual.screen import ScreenResultType

from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.widgets.lines import Lines


class ListDialog(Dialog[ScreenResultType]):
    """Lines, one of them selected; `submit` is the action of the button that chooses it."""

    def action_submit(self) -> None:
        self.query_one(Lines).action_select()
