"""Which digits are taken for which, and how that changes."""

from __future__ import annotations

import numpy as np
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from digit_tui.insight.change import Change, change
from digit_tui.insight.confusion import class_scores, confusion_matrix
from digit_tui.insight.significance import interval_words
from digit_tui.run.events import Evaluated
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.comparison import (
    Against,
    Mark,
    Sides,
    fork_and_run,
    position,
    since_epoch,
    since_mark,
)
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.confusion_matrix import (
    SCORES,
    Cell,
    ConfusionMatrix,
    Table,
    score,
)

CELL = Binding.Group("Cell", compact=True)


class ConfusionView(View):
    """The confusion matrix, and in words what its chosen cell and its changes mean."""

    BINDINGS = [
        Binding(
            "up", "move(-1, 0)", "Cell", id="cell_up", tooltip="The true digit before", group=CELL
        ),
        Binding(
            "down", "move(1, 0)", "Cell", id="cell_down", tooltip="The next true digit", group=CELL
        ),
        Binding(
            "left",
            "move(0, -1)",
            "Cell",
            id="cell_left",
            tooltip="The predicted digit before",
            group=CELL,
        ),
        Binding(
            "right",
            "move(0, 1)",
            "Cell",
            id="cell_right",
            tooltip="The next predicted digit",
            group=CELL,
        ),
        Binding(
            "home",
            "most_confused",
            "Worst",
            show=False,
            id="most_confused",
            tooltip="The most frequent mistake, or most increased",
        ),
        Binding("enter", "show_digits", "Digits", id="show_digits", tooltip="The cell's digits"),
        Binding(
            "percent_sign",
            "toggle_share",
            "Per cent",
            key_display="%",
            id="share",
            tooltip="Counts, or per cent of the true digit",
        ),
        Binding(
            "d",
            "next_against",
            "Change",
            id="against",
            tooltip="Change since mark, since last epoch, to fork",
        ),
        Binding(
            "x", "mark", "Mark", id="mark", tooltip="Mark this moment, to see the change since"
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._cell = Cell(0, 0)
        self._share = False
        self._against: Against = "nothing"
        self._mark: Mark | None = None
        self._look: Evaluated | None = None
        self._counts = np.empty((0, 0), np.int64)
        self._sides: Sides | str | None = None
        """What is compared; or why it can not be; or None, where nothing is asked for."""
        self._change: Change | None = None
        self._known: tuple[object, ...] = ()
        self._title = self._words = ""

    def compose_content(self) -> ComposeResult:
        yield ConfusionMatrix()
        yield Static(id="confusion-words")

    def draw(self, model: RunModel) -> None:
        if model.fork is None and self._against == "fork":
            self._against = "nothing"
        fork = None if model.fork is None else model.fork.looked
        known = (model.look, fork, self._against, self._mark, model.run)
        if known != self._known:
            self._known = known
            self._count(model.look, fork, model.run)
        self._show()

    def _count(self, look: Evaluated | None, fork: Evaluated | None, run: str | None) -> None:
        self._look, self._sides, self._change = look, None, None
        if look is None:
            return
        self._counts = confusion_matrix(look.evaluation)
        classes = len(self._counts)
        self._cell = Cell(*(min(place, classes - 1) for place in self._cell))  # of other data
        if self._against == "epoch":
            self._sides = since_epoch(look)
        elif self._against == "fork":
            self._sides = fork_and_run(look, fork)
        elif self._against == "mark" and self._mark is not None:
            self._sides = since_mark(look, self._mark, run)
        if isinstance(self._sides, Sides):
            first, second = self._sides.first, self._sides.second
            self._change = change(look.evaluation.labels, first, second, classes)
            self._counts = self._change.second

    @property
    def _table(self) -> Table:
        difference = None if self._change is None else self._change.difference
        return Table(self._counts, difference, self._share)

    def _show(self) -> None:
        matrix = self.query_one(ConfusionMatrix)
        if self._look is None:
            matrix.show(None, self._cell)
            title, words = "", "No look at the test digits yet."
        else:
            matrix.show(self._table, self._cell)
            title = self._title_words(self._look)
            words = "\n".join(self._lines(self._look, matrix.scores_shown))
        # Each update is sent to the terminal.
        if title != self._title:
            matrix.border_title = self._title = title
        if words != self._words:
            self._words = words
            self.query_one("#confusion-words", Static).update(Text(words))

    def _title_words(self, look: Evaluated) -> str:
        epoch, columns = position(look.epoch), "columns: predicted"
        digits = f"{look.evaluation.total:,} {look.digits} digits"
        if not isinstance(self._sides, Sides):
            what = "% of the true digit" if self._share else "Counts"
            return f"{what}, epoch {epoch}, {digits}, {columns}"
        what = f"{'Percentage points' if self._share else 'Change'} {self._sides.words}"
        words = f"{what} (epoch {epoch} now), {columns}"
        room = self.query_one(ConfusionMatrix).size.width - 2
        return f"{words}, {digits}" if len(f"{words}, {digits}") <= room else words

    def _lines(self, look: Evaluated, scores_shown: int) -> list[str]:
        lines = [self._cell_words()]
        if scores_shown < len(SCORES):
            lines.append(self._score_words())
        total = look.evaluation.total
        if self._change is not None and isinstance(self._sides, Sides):
            names = self._sides.names
            width = max(map(len, names))
            for name, matrix in zip(names, (self._change.first, self._change.second), strict=True):
                lines.append(f"{name:<{width}}  {interval_words(int(matrix.trace()), total)}")
            lines.append(f"{self._sides.words}: {self._change.comparison.words}")
        else:
            lines.append(f"accuracy {interval_words(look.evaluation.correct, total)}")
            if isinstance(self._sides, str):
                lines.append(self._sides)
        holes = int(np.isnan(look.evaluation.losses).sum())
        if holes:
            lines.append(f"{holes:,} digits have no probabilities (NaN): they count as class 0")
        if self._mark is not None and self._against != "mark":
            hint = ": d shows the change" if self._next_against == "mark" else ""
            lines.append(f"mark at epoch {position(self._mark.look.epoch)}{hint}")
        return lines

    def _cell_words(self) -> str:
        """The chosen cell in words."""
        (true, predicted), counts = self._cell, self._counts
        count, total = int(counts[self._cell]), int(counts[true].sum())
        what = f"{true} recognized" if true == predicted else f"{true} taken for {predicted}"
        share = f" ({count / total:.1%})".replace("%", " %") if total else ""
        words = f"{what}: {count:,} of {total:,}{share}"
        if self._change is not None and isinstance(self._sides, Sides):
            before, now = self._sides.adverbs
            words += f" {now}, {int(self._change.first[self._cell]):,} {before}"
        return words

    def _score_words(self) -> str:
        scores = class_scores(self._counts)._asdict()
        true = self._cell.true
        named = ", ".join(f"{name} {score(scores[name.lower()][true])}" for name in SCORES)
        return f"{true}: {named}"

    def action_move(self, rows: int, columns: int) -> None:
        if self._look is None:
            return
        last = len(self._counts) - 1
        true, predicted = self._cell.true + rows, self._cell.predicted + columns
        self._cell = Cell(min(max(true, 0), last), min(max(predicted, 0), last))
        self._show()

    def action_most_confused(self) -> None:
        if self._look is None:
            return
        mistakes = self._table.values.copy()
        np.fill_diagonal(mistakes, np.iinfo(mistakes.dtype).min)
        true, predicted = divmod(int(mistakes.argmax()), len(mistakes))
        self._cell = Cell(true, predicted)
        self._show()

    def action_show_digits(self) -> None:
        if self._look is not None:
            self.app.show_digits(f"true={self._cell.true} pred={self._cell.predicted}")

    def action_toggle_share(self) -> None:
        self._share = not self._share
        self._show()

    @property
    def _next_against(self) -> Against:
        ways: list[Against] = ["nothing"]
        if self._mark is not None:  # who has set one asks for it
            ways.append("mark")
        ways.append("epoch")
        if self.app.model.fork is not None:
            ways.append("fork")
        place = ways.index(self._against) if self._against in ways else 0
        return ways[(place + 1) % len(ways)]

    def action_next_against(self) -> None:
        self._against = self._next_against
        self.redraw()

    def action_mark(self) -> None:
        look = self.app.model.look  # a quick key may come before the view has drawn it
        if look is not None:
            self._mark = Mark(look, self.app.model.run)
            self.redraw()
