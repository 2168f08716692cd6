"""A page of the network view whose text may be longer than the screen is high."""

from __future__ import annotations

from textual.binding import Binding
from textual.containers import VerticalScroll

from digit_tui.tui.screens.network.page import Page


class ScrolledPage(Page):
    """Its keys scroll the text; the page keeps the focus."""

    BINDINGS = [
        Binding("up", "scroll_text(-1)", "Scroll", show=False, id="text_up", tooltip="Scroll up"),
        Binding(
            "down", "scroll_text(1)", "Scroll", show=False, id="text_down", tooltip="Scroll down"
        ),
    ]

    def action_scroll_text(self, rows: int) -> None:
        """Move the text by some rows."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)
