"""A view of listed digits that has a line to filter them."""

from __future__ import annotations

from digit_tui.insight.selection import parse_selection
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.listing import Listing
from digit_tui.tui.widgets.filter_line import FilterLine


class FilteredView(View):
    """Opens, applies and closes the filter line, which a subclass composes."""

    def __init__(self) -> None:
        super().__init__()
        self._listing = Listing()
        self._stale = True
        """Whether something has to be drawn anew though nothing happened in the run."""

    @property
    def _filter(self) -> FilterLine:
        return self.query_one(FilterLine)

    def redraw(self) -> None:
        self._stale = True
        super().redraw()

    def action_filter(self) -> None:
        self._filter.open(str(self._listing.selection))
        self._redraw_soon()

    def apply_filter(self, text: str) -> None:
        """List the digits that a selection selects, the first of them chosen; close the line.

        Raises:
            SelectionError: if it cannot be parsed.
        """
        dataset = self.host.model.dataset
        if dataset is None:
            return
        self._listing.select(parse_selection(text, dataset.classes))
        self._stale = True
        if self.ready and self._filter.is_open:
            self.close_filter()

    def close_filter(self) -> None:
        """Leave the filter as it is."""
        self._filter.close()
        self._redraw_soon()

    def on_screen_suspend(self) -> None:
        switched = self.app.screen_stack[0] is not self  # or only covered by a dialog
        if switched and self.ready and self._filter.is_open:
            self.close_filter()

    def _redraw_soon(self) -> None:
        """Update the key bar now, and the rest when the layout has changed."""
        self.refresh_bindings()
        self.call_after_refresh(self.redraw)
