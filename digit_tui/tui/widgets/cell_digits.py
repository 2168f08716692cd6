"""The digits that a cell of the confusion matrix counts."""

from __future__ import annotations

import numpy as np

from digit_tui.insight.selection import highest_first
from digit_tui.run.events import Evaluated
from digit_tui.tui.state.hardest import Shown
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.confusion_matrix import Cell
from digit_tui.tui.widgets.digit_tiles import DigitTiles


class CellDigits(DigitTiles):
    """Those of one true and one predicted class, the highest loss first."""

    def show(self, model: RunModel, evaluated: Evaluated | None, cell: Cell) -> None:
        """Draw the digits of a cell, if there is room for this widget at all.

        Args:
            model: the run.
            evaluated: the evaluation that the matrix counts.
            cell: the chosen one.
        """
        dataset = model.dataset
        if not self.display or not self.is_new(evaluated, cell):
            return
        if evaluated is None or dataset is None or not self.size:
            self.entitle("")
            self.clear()
            return
        evaluation = evaluated.evaluation
        inside = (evaluation.labels == cell.true) & (evaluation.predictions == cell.predicted)
        digits = np.flatnonzero(inside)
        hardest = digits[highest_first(evaluation.losses[digits])][: self.room].tolist()
        images, _ = dataset.split(evaluated.split)
        self.entitle(f"{cell.true} → {cell.predicted}: {_words(len(hardest), len(digits))}")
        self.draw_tiles([Shown(each) for each in hardest], images, dataset.side, evaluation)


def _words(shown: int, total: int) -> str:
    if shown < total:
        return f"the hardest {shown:,} of {total:,}"
    return "no digit" if not total else "the one digit" if total == 1 else f"all {total:,}"
