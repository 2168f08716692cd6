"""An app whose views are tabs: how one is switched to, and when they are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from digit_tui.tui.screens.frame import Frame
from digit_tui.tui.screens.frame_host import Place
from digit_tui.tui.themed_app import ThemedApp


class TabbedApp(ThemedApp):
    """Switches between the views."""

    def delay_update(self, delay: float = 0.0) -> None:
        """Do nothing: a view is drawn at once when it is switched to.

        Textual would wait for 50 ms, to hide how a screen is composed; here all views are composed
        beforehand.
        """

    async def make_views(self, going_on: Callable[[], bool] = lambda: True) -> None:
        """Mount the views that are not on screen, so that each opens at once.

        Args:
            going_on: whether to go on with the next one; what happened meanwhile comes first.
        """
        for mode in self.MODES:
            if self._exit or not self.is_running:  # Textual is closing those that there are
                return
            if not going_on():
                return
            await self._init_mode(mode)
            await asyncio.sleep(0)

    @property
    def tabs(self) -> list[tuple[str, str]]:
        return [(mode, view.TAB) for mode, view in self.VIEWS.items()]

    @property
    def places(self) -> list[Place]:
        words = "View wrong errors digits"
        return [Place(title, words, partial(self.show_view, mode)) for mode, title in self.tabs]

    def action_next_view(self, count: int = 1) -> None:
        modes = list(self.VIEWS)
        self.show_view(modes[(modes.index(self.current_mode) + count) % len(modes)])

    def show_view(self, mode: str) -> None:
        """Switch to a view, unless a dialog is open: a click may have opened it on the way here."""
        if not isinstance(self.screen, Frame):
            return
        with self.batch_update():  # or what it last showed would be sent too
            self.switch_mode(mode)
            if isinstance(self.screen, Frame):
                self.screen.redraw()
