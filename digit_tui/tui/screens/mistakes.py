"""The digits that the network gets wrong, and all others; each can be explained."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical

from digit_tui.data import counted
from digit_tui.insight.digit_table import DigitTable
from digit_tui.run.events import Evaluated
from digit_tui.run.wording import epoch_words
from digit_tui.tui.drawing.ink import default_renderer, next_renderer
from digit_tui.tui.export import write_list
from digit_tui.tui.key_words import key_names, with_keys
from digit_tui.tui.screens.filtered_view import FilteredView
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.state.selected_digit import SelectedDigit
from digit_tui.tui.widgets.digit_list import DigitList
from digit_tui.tui.widgets.explanation import Explanation
from digit_tui.tui.widgets.filter_line import FilterLine
from digit_tui.tui.widgets.heading import Heading
from digit_tui.tui.widgets.mouse import RowChosen, Turned
from digit_tui.tui.widgets.pictures import Gallery

MOVE = Binding.Group("Move", compact=True)

NO_SUCH = "No such digit. Press {back} to list all again, {filter} to change the filter."

NO_SUCH_IN_CELL = "No such digit. {back} leads back to the matrix, {filter} changes the filter."


class MistakesView(FilteredView):
    """A list of digits beside the chosen one: its picture and probabilities, or its explanation."""

    TAB = "Mistakes"
    BINDINGS = [
        Binding("enter", "explain", "Why", id="explain", tooltip="Explain the chosen digit"),
        Binding("escape", "back", "Back", id="back", tooltip="Go back to the list, or to all"),
        Binding("p", "pixels", "Pixels", id="pixels", tooltip="Mark the pixels that decided"),
        Binding(
            "i",
            "inside",
            "Inside",
            id="inside",
            tooltip="Show the digit's way through the network",
        ),
        Binding(
            "slash",
            "filter",
            "Filter",
            key_display="/",
            priority=True,  # handled at once: the next key is for the filter
            id="filter",
            tooltip="Show only some: true=4 pred=9 conf>0.9",
        ),
        Binding("g", "gallery", "Gallery", id="gallery", tooltip="Show a gallery, or the list"),
        Binding("v", "toggle_all", "All", id="all", tooltip="List only mistakes, or all digits"),
        Binding("y", "next_order", "Order", id="order", tooltip="Sort the list in the next order"),
        Binding(
            "m",
            "next_renderer",
            "Drawing",
            show=False,
            id="drawing",
            tooltip="Draw digits with half blocks, Braille or ASCII",
        ),
        Binding(
            "w",
            "export",
            "Write",
            id="export",
            tooltip="Write it as a page: mistakes.html of the run",
        ),
        Binding(
            "up", "move(-1, True)", "Move", group=MOVE, id="up", tooltip="Go to the digit above"
        ),
        Binding(
            "down", "move(1, True)", "Move", group=MOVE, id="down", tooltip="Go to the digit below"
        ),
        Binding(
            "left", "move(-1)", "Before", show=False, id="left", tooltip="Go to the digit before"
        ),
        Binding("right", "move(1)", "Next", show=False, id="right", tooltip="Go to the next digit"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="pageup", tooltip="Go a page up"),
        Binding(
            "pagedown", "page(1)", "Page down", show=False, id="pagedown", tooltip="Go a page on"
        ),
        Binding(
            "home", "go(0)", "First", show=False, id="home", tooltip="Go to the first in the list"
        ),
        Binding(
            "end", "go(-1)", "Last", show=False, id="end", tooltip="Go to the last in the list"
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._evaluated: Evaluated | None = None
        self._renderer = ""
        self._origin: str | None = None
        """The view that led here: esc goes back there."""
        self._pixels = False
        self._forked = False
        """Whether a fork trains beside the run, whose digits are shown."""
        self._keys_for = False, False
        """Whether no digit is listed and whether all are, as the key bar has it."""
        self._title = ""

    def compose_content(self) -> ComposeResult:
        with Horizontal(id="digits"):
            yield DigitList()
            with Vertical():
                yield Heading()
                yield Explanation()
                yield Gallery()
        yield FilterLine(self.apply_filter)

    def on_mount(self) -> None:
        self._renderer = default_renderer(self.app)
        self.call_after_refresh(self.refresh_bindings)

    @property
    def words_now(self) -> dict[str, str]:
        return {**super().words_now, **({"all": "Mistakes"} if self._listing.everything else {})}

    @property
    def keys_first(self) -> Sequence[str]:
        keys = super().keys_first
        return ("all", *keys) if self._listing.everything else keys  # the way back

    def draw(self, model: RunModel) -> None:
        if model.shown is not self._evaluated:
            self._evaluated = evaluated = model.shown
            self._listing.set_table(None if evaluated is None else self._table_of(evaluated))
            self._stale = True
        forked = model.fork is not None
        self._stale |= forked is not self._forked
        self._forked = forked
        selected = self._selected
        if self._stale:
            self._draw_digits(selected)
        elif selected is not None and self._explains:
            self._explain(selected)  # while paused, the neighbours are found at once

    def _table_of(self, evaluated: Evaluated) -> DigitTable:
        """What is known of the evaluated digits."""
        return DigitTable(evaluated.evaluation, evaluated.history)

    def apply_filter(self, text: str) -> None:
        self._origin = None
        super().apply_filter(text)

    def choose(self, text: str, origin: str) -> None:
        """Show the list, with the digits of a cell of the confusion matrix.

        Args:
            text: which, as a selection.
            origin: the view that esc goes back to.

        Raises:
            SelectionError: if it cannot be parsed.
        """
        self.apply_filter(text)
        self._go_on_from(origin, explains=False)

    def choose_digit(self, index: int, origin: str) -> None:
        """Show the list, without a filter, at a digit; from the network view, explain it.

        Args:
            index: of the digit.
            origin: the view that esc goes back to.
        """
        self._listing.choose(index)
        self._stale = True
        self._go_on_from(origin, explains=origin == "network")

    def _go_on_from(self, origin: str, explains: bool) -> None:
        self._origin = origin
        if self.ready:
            self._set_layout("-explains", explains)
            self.refresh_bindings()

    @property
    def _explains(self) -> bool:
        return self.has_class("-explains")

    @property
    def _selected(self) -> SelectedDigit | None:
        """The chosen digit, if there is one."""
        dataset, evaluated, listing = self.host.model.dataset, self._evaluated, self._listing
        if dataset is None or evaluated is None or listing.table is None or listing.chosen is None:
            return None
        images, _ = dataset.split(evaluated.split)
        return SelectedDigit(
            dataset, images, listing.table, evaluated.network, evaluated.epoch, listing.chosen
        )

    def _draw_digits(self, selected: SelectedDigit | None) -> None:
        self._stale = False
        keys_for = self._listing.is_empty, self._listing.everything
        if keys_for != self._keys_for:
            self._keys_for = keys_for
            self.refresh_bindings()
        self._draw_title(selected)
        listing, heading = self._listing, self.query_one(Heading)
        listed, gallery = self.query_one(DigitList), self.query_one(Gallery)
        if listing.table is None:
            listed.clear()
        else:
            listed.show(listing.table, listing.order, listing.row, listing.order_name)
        if selected is None:
            heading.clear()
            gallery.say(self._empty_text() if self.has_class("-gallery") else "")
            self.query_one(Explanation).say(self._empty_text())
            return
        heading.say(selected.heading(heading.size.width))
        if gallery.display:
            gallery.show(selected, listing.order, listing.row, self._renderer)
        if self._explains:
            self._explain(selected)
        else:
            self.query_one(Explanation).show(selected, self._renderer)

    def _explain(self, selected: SelectedDigit) -> None:
        model = self.host.model
        at_once = not model.going or model.replay is not None  # training need not wait
        self.query_one(Explanation).explain(selected, self._renderer, self._pixels, at_once)

    def _draw_title(self, selected: SelectedDigit | None) -> None:
        """What is listed; or which digit is explained, where there is no room for the list."""
        box = self.query_one("#digits")
        width = box.size.width - 4  # without the corners of the border
        if self._explains and selected is not None and not self.query_one(Heading).display:
            title = selected.heading(width)
        else:
            dataset, evaluated = self.host.model.dataset, self._evaluated
            has_validation = dataset is not None and dataset.monitored_split != "test"
            split = evaluated.split if has_validation and evaluated is not None else ""
            moving = evaluated is not None and self.host.model.going
            when = epoch_words(evaluated.epoch) if evaluated is not None and moving else ""
            title = self._listing.title(split, width, self._forked, when)
        if title != self._title:  # each title is sent to the terminal
            self._title = box.border_title = title

    def _empty_text(self) -> str:
        """Why there is no digit to show."""
        if self._evaluated is None:
            split = self.host.model.config.monitored_split
            return f"The {split} digits have not been evaluated yet."
        if str(self._listing.selection):
            return with_keys(self.app, NO_SUCH_IN_CELL if self._origin else NO_SUCH)
        key = key_names(self.app)["all"]
        return f"Not one mistake. Press {key} to see all {self._evaluated.split} digits."

    def _set_layout(self, name: str, on: bool) -> None:
        """Switch the explanation or the gallery on or off, by its CSS class."""
        self.set_class(on, name)
        if not self._explains:
            self.query_one(Explanation).close()
        self._redraw_soon()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what cannot be done now, so that the key bar leaves it out."""
        if not self.ready:  # a key came before the widgets were mounted
            return None
        filtering = self._filter.is_open
        possible = {
            "explain": not self._explains and not self._listing.is_empty,
            "inside": not self._listing.is_empty,
            "gallery": not self._explains,
            "pixels": self._explains,
            "back": self._explains
            or filtering
            or bool(str(self._listing.selection))
            or self._origin is not None,
            "filter": not filtering,
        }
        return possible.get(action, True) or None

    def action_toggle_all(self) -> None:
        self._listing.toggle_everything()
        self._draw_digits(self._selected)

    def action_next_order(self) -> None:
        self._listing.next_order()
        self._draw_digits(self._selected)

    def action_next_renderer(self) -> None:
        self._renderer = next_renderer(self._renderer)
        self._draw_digits(self._selected)

    def action_explain(self) -> None:
        self._set_layout("-explains", True)

    def action_inside(self) -> None:
        if self._listing.chosen is not None:
            self.host.show_inside(self._listing.chosen)

    def action_back(self) -> None:
        """Close the filter line or, if it is closed, the explanation; or list all again.

        Then go back to the view that led here.
        """
        if self._filter.is_open:
            self.close_filter()
            return
        origin, explains = self._origin, self._explains
        if explains:
            self._set_layout("-explains", False)
            if origin != "network":
                return
        if not explains or origin is not None:
            self.apply_filter("")
            self._redraw_soon()
        if origin is not None:
            self.host.show_view(origin)

    def action_pixels(self) -> None:
        self._pixels = not self._pixels
        self._draw_digits(self._selected)

    def action_export(self) -> None:
        """Write the listed digits as an HTML page into the run's folder."""
        model, listing = self.host.model, self._listing
        if self._evaluated is not None and model.dataset is not None and listing.table is not None:
            listed = (
                counted(len(listing.order), f"{self._evaluated.split} digit")
                + f", by {listing.order_name}"
            )
            if str(listing.selection):
                listed += f" ({listing.selection})"
            model.say("note", write_list(model, self._evaluated, listing, listed))
            self.app.notify(model.log[-1].text)

    def action_gallery(self) -> None:
        self._set_layout("-gallery", not self.has_class("-gallery"))

    def action_move(self, count: int, rows: bool = False) -> None:
        in_grid = self.has_class("-gallery") and not self._explains
        self._go(count * (self.query_one(Gallery).across if rows and in_grid else 1))

    def action_page(self, pages: int) -> None:
        if self.has_class("-gallery") and not self._explains:
            self._go(pages * self.query_one(Gallery).page)
        else:
            self._go(pages * max(self.query_one(DigitList).size.height - 1, 1))

    def on_row_chosen(self, message: RowChosen) -> None:
        self.action_go(message.row)

    def on_turned(self, message: Turned) -> None:
        self.action_move(message.rows, True)

    def action_go(self, row: int) -> None:
        self._listing.go(row if row >= 0 else len(self._listing.order) - 1)
        self._draw_digits(self._selected)

    def _go(self, rows: int) -> None:
        self._listing.go(self._listing.row + rows)
        self._draw_digits(self._selected)
