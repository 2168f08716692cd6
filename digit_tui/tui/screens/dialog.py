"""Base classes of the dialogs."""

from __future__ import annotations

from typing import Any

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit
from textual.screen import ModalScreen, Screen, ScreenResultType


class ClosesOnce(Screen[ScreenResultType]):
    """A screen that closes no other screen.

    If a second key arrives when the first has closed it already, Textual would close the screen
    that is on top by then: perhaps a dialog that is just being opened, or the last screen.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


class Dialog(ModalScreen[ScreenResultType], ClosesOnce[ScreenResultType]):
    """A question on top of a view."""


class Palette(CommandPalette, ClosesOnce[None]):
    """Textual's command palette."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        if self.app.screen is not self:
            # A second enter in one write. After this Textual would run the command once more.
            self._selected_command = DiscoveryHit("", lambda: None)
        return super().dismiss(result)
