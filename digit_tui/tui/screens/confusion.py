"""The confusion matrix, and how it changes."""

from __future__ import annotations

import numpy as np
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Static

from digit_tui.data import counted
from digit_tui.insight.change import ConfusionChange, confusion_change
from digit_tui.insight.confusion import class_scores, confusion_matrix
from digit_tui.insight.significance import interval_words
from digit_tui.run.events import Evaluated
from digit_tui.run.wording import epoch_words
from digit_tui.tui.key_words import key_names
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.comparison import (
    Baseline,
    Mark,
    PredictionPair,
    fork_and_run,
    since_epoch,
    since_mark,
)
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.cell_digits import CellDigits
from digit_tui.tui.widgets.confusion_matrix import (
    SCORES,
    Cell,
    ConfusionMatrix,
    Table,
    score,
)
from digit_tui.tui.widgets.mouse import Turned

CELL = Binding.Group("Cell", compact=True)


class ConfusionView(View):
    """The confusion matrix, and text that says what its chosen cell and its changes mean."""

    TAB = "Confusion"
    BINDINGS = [
        Binding(
            "enter", "show_digits", "Digits", id="show_digits", tooltip="Show the cell's digits"
        ),
        Binding(
            "d",
            "next_baseline",
            "Change",
            id="baseline",
            tooltip="Show the change since mark, epoch, or to fork",
        ),
        Binding(
            "x", "mark", "Mark", id="mark", tooltip="Mark this moment, to see the change since"
        ),
        Binding(
            "percent_sign",
            "toggle_share",
            "Per cent",
            key_display="%",
            id="share",
            tooltip="Show counts, or per cent of the true digit",
        ),
        Binding(
            "home",
            "most_confused",
            "Worst",
            show=False,
            id="most_confused",
            tooltip="Go to the most frequent, or increased, mistake",
        ),
        Binding(
            "up",
            "move(-1, 0)",
            "Cell",
            id="cell_up",
            tooltip="Go to the true digit before",
            group=CELL,
        ),
        Binding(
            "down",
            "move(1, 0)",
            "Cell",
            id="cell_down",
            tooltip="Go to the next true digit",
            group=CELL,
        ),
        Binding(
            "left",
            "move(0, -1)",
            "Cell",
            id="cell_left",
            tooltip="Go to the predicted digit before",
            group=CELL,
        ),
        Binding(
            "right",
            "move(0, 1)",
            "Cell",
            id="cell_right",
            tooltip="Go to the next predicted digit",
            group=CELL,
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._cell = Cell(0, 0)
        self._chosen = False
        """Whether a person has chosen the cell. Until then it is the worst."""
        self._share = False
        self._baseline: Baseline = "nothing"
        self._mark: Mark | None = None
        self._evaluated: Evaluated | None = None
        self._counts = np.empty((0, 0), np.int64)
        self._pair: PredictionPair | str | None = None
        """What is compared; or why it cannot be; None where no baseline is chosen."""
        self._change: ConfusionChange | None = None
        self._counted: tuple[object, ...] = ()
        self._title = self._text = ""

    def compose_content(self) -> ComposeResult:
        with Horizontal():
            yield ConfusionMatrix()
            yield CellDigits()
        yield Static(id="confusion-text")

    def draw(self, model: RunModel) -> None:
        if model.fork is None and self._baseline == "fork":
            self._baseline = "nothing"
        fork = None if model.fork is None else model.fork.evaluated
        inputs = (model.shown, fork, self._baseline, self._mark, model.run)
        if inputs != self._counted:
            self._counted = inputs
            self._count(model.shown, fork, model.run)
        self._show()

    def _count(self, evaluated: Evaluated | None, fork: Evaluated | None, run: str | None) -> None:
        self._evaluated, self._pair, self._change = evaluated, None, None
        if evaluated is None:
            return
        self._counts = confusion_matrix(evaluated.evaluation)
        classes = len(self._counts)
        # Another dataset may have fewer classes.
        self._cell = Cell(*(min(each, classes - 1) for each in self._cell))
        self._pair = self._pair_of(evaluated, fork, run)
        if isinstance(self._pair, PredictionPair):
            first, second = self._pair.first, self._pair.second
            self._change = confusion_change(evaluated.evaluation.labels, first, second, classes)
            self._counts = self._change.second
        if not self._chosen:
            self._cell = self._worst

    def _pair_of(
        self, evaluated: Evaluated, fork: Evaluated | None, run: str | None
    ) -> PredictionPair | str | None:
        """What an evaluation is compared with, or why it cannot be; None for nothing."""
        if self._baseline == "epoch":
            return since_epoch(evaluated)
        if self._baseline == "fork":
            return fork_and_run(evaluated, fork)
        if self._baseline == "mark" and self._mark is not None:
            return since_mark(evaluated, self._mark, run)
        return None

    @property
    def _table(self) -> Table:
        difference = None if self._change is None else self._change.difference
        return Table(self._counts, difference, self._share)

    @property
    def _counted_evaluation(self) -> Evaluated | None:
        """The evaluation whose predictions the matrix counts."""
        fork = self.host.model.fork
        compared = self._baseline == "fork" and isinstance(self._pair, PredictionPair)
        return fork.evaluated if fork is not None and compared else self._evaluated

    def _show(self) -> None:
        matrix = self.query_one(ConfusionMatrix)
        if self._evaluated is None:
            matrix.show(None, self._cell)
            split = self.host.model.config.monitored_split
            title, text = "", f"The {split} digits have not been evaluated yet."
        else:
            matrix.show(self._table, self._cell)
            title = self._title_text(self._evaluated)
            text = "\n".join(self._lines(self._evaluated, matrix.scores_shown))
        self.query_one(CellDigits).show(self.host.model, self._counted_evaluation, self._cell)
        # Each update is sent to the terminal.
        if title != self._title:
            matrix.border_title = self._title = title
        if text != self._text:
            self._text = text
            self.query_one("#confusion-text", Static).update(Text(text))

    def _title_text(self, evaluated: Evaluated) -> str:
        epoch, columns = epoch_words(evaluated.epoch), "columns: predicted"
        digits = counted(evaluated.evaluation.total, f"{evaluated.split} digit")
        if not isinstance(self._pair, PredictionPair):
            what = "% of the true digit" if self._share else "Counts"
            whose = " of the run" if self.host.model.fork is not None else ""
            return f"{what}, epoch {epoch}{whose}, {digits}, {columns}"
        what = f"{'Percentage points' if self._share else 'Change'} {self._pair.text}"
        text = f"{what} (epoch {epoch} now), {columns}"
        matrix = self.query_one(ConfusionMatrix)
        scores = "scores: fork" if self._baseline == "fork" and matrix.scores_shown else ""
        for more in (scores, digits):
            if more and len(f"{text}, {more}") <= matrix.size.width - 2:
                text = f"{text}, {more}"
        return text

    def _lines(self, evaluated: Evaluated, scores_shown: int) -> list[str]:
        lines = [self._cell_text()]
        if scores_shown < len(SCORES):
            lines.append(self._score_text())
        total = evaluated.evaluation.total
        if self._change is not None and isinstance(self._pair, PredictionPair):
            names = self._pair.names
            width = max(map(len, names))
            for name, matrix in zip(names, (self._change.first, self._change.second), strict=True):
                lines.append(f"{name:<{width}}  {interval_words(int(matrix.trace()), total)}")
            lines.append(f"{self._pair.text}: {self._change.comparison.words}")
        else:
            lines.append(f"accuracy {interval_words(evaluated.evaluation.correct, total)}")
            if isinstance(self._pair, str):
                lines.append(self._pair)
        missing = int(np.isnan(evaluated.evaluation.losses).sum())
        if missing:
            digits = counted(missing, "digit")
            lines.append(f"{digits} without probabilities (NaN), counted as class 0")
        if self._mark is not None and self._baseline != "mark":
            shows = f": {key_names(self.app)['baseline']} shows the change"
            hint = shows if self._next_baseline == "mark" else ""
            lines.append(f"mark at epoch {epoch_words(self._mark.evaluated.epoch)}{hint}")
        return lines

    def _cell_text(self) -> str:
        """What the chosen cell counts."""
        (true, predicted), counts = self._cell, self._counts
        count, total = int(counts[self._cell]), int(counts[true].sum())
        what = f"{true} recognized" if true == predicted else f"{true} taken for {predicted}"
        share = f" ({count / total:.1%})" if total else ""
        text = f"{what}: {count:,} of {total:,}{share}"
        if self._change is not None and isinstance(self._pair, PredictionPair):
            before, now = self._pair.adverbs
            text += f" {now}, {int(self._change.first[self._cell]):,} {before}"
        return text

    def _score_text(self) -> str:
        scores = class_scores(self._counts)._asdict()
        true = self._cell.true
        named = ", ".join(f"{name} {score(scores[name.lower()][true])}" for name in SCORES)
        return f"{true}: {named}"

    def choose(self, cell: Cell) -> None:
        """Choose a cell of the matrix."""
        self._cell, self._chosen = cell, True
        self.redraw()

    def action_move(self, rows: int, columns: int) -> None:
        if self._evaluated is None:
            return
        last = len(self._counts) - 1
        true, predicted = self._cell.true + rows, self._cell.predicted + columns
        self._cell = Cell(min(max(true, 0), last), min(max(predicted, 0), last))
        self._chosen = True
        self._show()

    def on_confusion_matrix_chosen(self, message: ConfusionMatrix.Chosen) -> None:
        """Choose a cell; one that is chosen already shows its digits."""
        if message.cell == self._cell:
            self.action_show_digits()
        else:
            self._cell, self._chosen = message.cell, True
            self._show()

    def on_digit_tiles_opened(self, message: CellDigits.Opened) -> None:
        self.host.show_digit(message.index)

    def on_turned(self, message: Turned) -> None:
        self.action_move(message.rows, 0)

    def action_most_confused(self) -> None:
        if self._evaluated is None:
            return
        self._cell, self._chosen = self._worst, False
        self._show()

    @property
    def _worst(self) -> Cell:
        """The most frequent mistake; where changes are shown, the one that became more frequent."""
        mistakes = self._table.values.copy()
        np.fill_diagonal(mistakes, np.iinfo(mistakes.dtype).min)
        if self._change is not None and mistakes.max() <= 0:
            return self._cell  # none is worse than another
        return Cell(*divmod(int(mistakes.argmax()), len(mistakes)))

    def action_show_digits(self) -> None:
        if self._evaluated is not None:
            self.host.show_digits(f"true={self._cell.true} pred={self._cell.predicted}")

    def action_toggle_share(self) -> None:
        self._share = not self._share
        self._show()

    @property
    def _baselines(self) -> list[Baseline]:
        """What there is to compare with, in the order of the key."""
        baselines: list[Baseline] = ["nothing"]
        if self._mark is not None:  # first, for it was set to be compared with
            baselines.append("mark")
        baselines.append("epoch")
        if self.host.model.fork is not None:
            baselines.append("fork")
        return baselines

    @property
    def _next_baseline(self) -> Baseline:
        baselines = self._baselines
        current = baselines.index(self._baseline) if self._baseline in baselines else 0
        return baselines[(current + 1) % len(baselines)]

    def action_next_baseline(self) -> None:
        self._baseline = self._next_baseline
        self.redraw()

    def action_mark(self) -> None:
        evaluated = self.host.model.shown  # the view may not have drawn it yet
        if evaluated is not None:
            self._mark = Mark(evaluated, self.host.model.run)
            self.redraw()
