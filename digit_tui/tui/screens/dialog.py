"""What all dialogs have in common."""

from __future__ import annotations

from typing import Any

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen, ScreenResultType


class ClosesOnce(Screen[ScreenResultType]):
    """A screen that only closes itself.

    Of two quick keys the second comes when the first has closed it already, and would close
    whatever is on top then: perhaps a dialog that is just being opened, or the last screen.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


class Dialog(ModalScreen[ScreenResultType], ClosesOnce[ScreenResultType]):
    """A question on top of a view."""


class Palette(CommandPalette, ClosesOnce[None]):
    """The commands, to be searched."""
