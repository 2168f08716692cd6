"""A page of the network view whose text may be longer than the screen is high."""

from __future__ import annotations

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from digit_tui.tui.screens.network.page import Page


def scrolling(page: str) -> list[BindingType]:
    """The keys that scroll the text of a page, with ids that begin with a name of it."""
    return [
        Binding(
            *(key, f"scroll_text({rows})", "Scroll"),
            show=False,
            id=f"{page}_{key}",
            tooltip=f"Scroll {key}",
        )
        for key, rows in (("up", -1), ("down", 1))
    ]


class ScrolledPage(Page):
    """Keys scroll its text, see `scrolling`; the page keeps the focus."""

    def action_scroll_text(self, rows: int) -> None:
        """Move the text by some rows."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False, immediate=True)
