"""The lines of the sweep's screen: its status, its progress, and the table of trials."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message

from digit_tui.sweep.board import TrialRow
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.sweep.listing import GAP, Column, Listing
from digit_tui.tui.sweep.model import SweepModel
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.mouse import RowChosen, Wheel
from digit_tui.tui.widgets.progress_line import ProgressLine


class SweepStatus(Canvas):
    """What the sweep does and its best trial; below, how many trials are in which state."""

    def show(self, model: SweepModel) -> None:
        self.set_class(model.trouble is not None, "-trouble")
        width = self.size.width
        self.paint(
            [fitted(model.state_words(width), width), fitted(model.counts_words(width), width)]
        )


class SweepProgress(ProgressLine):
    """How much of the budget is used."""

    def show_sweep(self, model: SweepModel) -> None:
        self.show_share(model.used_share, model.left_words)


class TrialTable(Wheel, Canvas):
    """A line a trial, of which only those in sight are made; above them the headings."""

    COMPONENT_CLASSES = {
        "trial-table--head",
        "trial-table--sorted",
        "trial-table--chosen",
        *(f"trial-table--{state}" for state in ("complete", "pruned", "failed", "waiting")),
    }

    class HeadingChosen(Message):
        """A heading was clicked."""

        def __init__(self, name: str) -> None:
            """Tell of it.

            Args:
                name: of the column.
            """
            super().__init__()
            self.name = name

    def __init__(self) -> None:
        super().__init__()
        self._top = 0
        self._columns: list[tuple[Column, int]] = []
        self._count = 0

    @property
    def page(self) -> int:
        """Trials in sight."""
        return max(self.size.height - 1, 1)

    def show(self, listing: Listing) -> None:
        """Draw it."""
        self._columns = listing.fitting(self.size.width - 1)
        self._count = len(listing.trials)
        self._top = max(min(self._top, listing.row, self._count - self.page), 0)
        self._top = max(self._top, listing.row - self.page + 1)
        lines = [self._heading(listing)]
        for row, trial in enumerate(listing.trials[self._top : self._top + self.page], self._top):
            lines.append(self._line(trial, row == listing.row))
        if not listing.trials:
            found = "No trial matches." if str(listing.filter) else "No trial has begun yet."
            lines.append([Segment(f" {found if listing.board else 'Reading the study …'}")])
        self.paint(lines)

    def _heading(self, listing: Listing) -> Line:
        head, is_sorted = self.part("trial-table--head"), self.part("trial-table--sorted")
        line: Line = [Segment(" ", head)]
        for place, (column, width) in enumerate(self._columns):
            chosen = column.name == listing.sort
            sign = ("▾" if listing.falls else "▴") if chosen else ""
            style = is_sorted if chosen else head
            line.append(Segment(_aligned(column.name + sign, width, column.right), style))
            if place < len(self._columns) - 1:
                line.append(Segment(" " * GAP, head))
        return line

    def _line(self, trial: TrialRow, chosen: bool) -> Line:
        cells = [
            _aligned(column.text(trial), width, column.right) for column, width in self._columns
        ]
        text = f"{'▸' if chosen else ' '}{(' ' * GAP).join(cells)}"
        style: Style | None = None
        if chosen:
            style = self.part("trial-table--chosen")
            text = text.ljust(self.size.width)
        elif trial.state != "running":
            style = self.part(f"trial-table--{trial.state}")
        return [Segment(text, style)]

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == 0:
            start = 1
            for column, width in self._columns:
                if start <= offset.x < start + width + GAP:
                    self.post_message(self.HeadingChosen(column.name))
                    return
                start += width + GAP
        elif self._top + offset.y - 1 < self._count:
            self.post_message(RowChosen(self._top + offset.y - 1))


def _aligned(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def fitted(text: str, width: int, style: Style | None = None) -> Line:
    """A line of a width: what is too long ends with "…" after a whole word, if it can."""
    line = Text(text, no_wrap=True)
    if line.cell_len > width:
        cut = text[: max(width - 2, 0)]
        whole = cut.rpartition(" ")[0] or cut
        line = Text(f"{whole.rstrip()} …", no_wrap=True)
    line.truncate(max(width, 1), pad=True)
    return [Segment(line.plain, style)]
