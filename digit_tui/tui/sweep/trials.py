"""The trials of a sweep in a table."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding

from digit_tui.data import counted
from digit_tui.tui.sweep.frame import SweepFrame
from digit_tui.tui.sweep.model import SweepModel
from digit_tui.tui.sweep.widgets import TrialTable
from digit_tui.tui.widgets.filter_line import FilterLine
from digit_tui.tui.widgets.mouse import RowChosen, Turned

MOVE = Binding.Group("Move", compact=True)
HINT = "state=running optimizer=adam lr<0.01 acc>0.97 epoch>=3 worker=... trial=7; enter applies"
"""What a filter may consist of."""


class TrialsView(SweepFrame):
    """Each trial in a line, sorted and filtered; the chosen one can be opened."""

    TAB = "Trials"
    BINDINGS = [
        Binding("enter", "open_trial", "Open", id="open_trial", tooltip="Show the chosen trial"),
        Binding(
            "slash",
            "filter",
            "Filter",
            key_display="/",
            priority=True,  # handled at once: the next key is for the filter
            id="filter",
            tooltip="Show only some: state=running acc>0.97",
        ),
        Binding("s", "next_sort", "Sort", id="sort", tooltip="Sort by the next column"),
        Binding("S", "turn", "Turn", show=False, id="turn", tooltip="Sort the other way round"),
        Binding("escape", "back", "All", id="back", tooltip="List all trials again"),
        Binding("up", "move(-1)", "Move", group=MOVE, id="up", tooltip="Go to the trial above"),
        Binding("down", "move(1)", "Move", group=MOVE, id="down", tooltip="Go to the trial below"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="pageup", tooltip="Go a page up"),
        Binding(
            "pagedown", "page(1)", "Page down", show=False, id="pagedown", tooltip="Go a page on"
        ),
        Binding("home", "go(0)", "First", show=False, id="home", tooltip="Go to the first trial"),
        Binding("end", "go(-1)", "Last", show=False, id="end", tooltip="Go to the last trial"),
    ]

    def compose_content(self) -> ComposeResult:
        yield TrialTable()
        yield FilterLine(self.apply_filter, HINT)

    def draw(self, model: SweepModel) -> None:
        table = self.query_one(TrialTable)
        title = title_of(model)
        if title != table.border_title:  # each title is sent to the terminal
            table.border_title = title
        table.show(model.listing)

    @property
    def _filter(self) -> FilterLine:
        return self.query_one(FilterLine)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":  # it would do nothing
            return self.ready and (
                self._filter.is_open or bool(self.host.model.listing.filter.terms)
            )
        return super().check_action(action, parameters)

    def apply_filter(self, text: str) -> None:
        """List what a filter says, and close the line.

        Raises:
            SelectionError: if it cannot be read.
        """
        self.host.model.listing.select(text)
        self._close_filter()

    def _close_filter(self) -> None:
        if self._filter.is_open:
            self._filter.close()
        self.refresh_bindings()
        self.call_after_refresh(self.redraw)

    def on_screen_suspend(self) -> None:
        switched = self.app.screen_stack[0] is not self  # or only covered by a dialog
        if switched and self.ready and self._filter.is_open:
            self._close_filter()

    def action_filter(self) -> None:
        self._filter.open(str(self.host.model.listing.filter))
        self.refresh_bindings()
        self.call_after_refresh(self.redraw)

    def action_back(self) -> None:
        if not self._filter.is_open:
            self.host.model.listing.select("")
        self._close_filter()

    def action_next_sort(self) -> None:
        self.host.model.listing.next_sort()
        self.redraw()

    def action_turn(self) -> None:
        self.host.model.listing.turn()
        self.redraw()

    def action_move(self, rows: int) -> None:
        listing = self.host.model.listing
        listing.go(max(listing.row + rows, 0))
        self.redraw()

    def action_page(self, pages: int) -> None:
        self.action_move(pages * self.query_one(TrialTable).page)

    def action_go(self, row: int) -> None:
        self.host.model.listing.go(row)
        self.redraw()

    def action_open_trial(self) -> None:
        self.host.open_trial()

    def on_row_chosen(self, message: RowChosen) -> None:
        listing = self.host.model.listing
        if listing.row == message.row:
            self.action_open_trial()
        else:
            self.action_go(message.row)

    def on_turned(self, message: Turned) -> None:
        self.action_move(message.rows)

    def on_trial_table_heading_chosen(self, message: TrialTable.HeadingChosen) -> None:
        self.host.model.listing.sort_by(message.name)
        self.redraw()


def title_of(model: SweepModel) -> str:
    """How many trials are listed, for example "3 of 60 trials, state=running"."""
    listing = model.listing
    if listing.board is None:
        return "Trials"
    total = counted(len(listing.board.trials), "trial")
    if not listing.filter.terms:
        return total
    return f"{len(listing.trials):,} of {total}, {listing.filter}"
