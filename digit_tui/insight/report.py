"""The result of a run as plain text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.confusion import confusion_matrix, most_confused
from digit_tui.nn import Evaluation

PAIRS = 5
"""How many kinds of mistake a report names."""


def report(evaluation: Evaluation) -> str:
    """Accuracy, the confusion matrix, and the most frequent kinds of mistake."""
    matrix = confusion_matrix(evaluation)
    lines = [
        f"Test accuracy  {evaluation.accuracy:.2%}  "
        f"({evaluation.correct:,} of {evaluation.total:,}; loss {evaluation.loss:.4f})",
        "",
        *confusion_table(matrix),
        "",
    ]
    pairs = most_confused(matrix, PAIRS)
    if pairs:
        words = ", ".join(f"{pair.true} as {pair.predicted} ({pair.times})" for pair in pairs)
        lines.append(f"Most confused  {words}")
    else:
        lines.append("Not one mistake.")
    return "\n".join(lines)


def confusion_table(matrix: NDArray[np.int64]) -> list[str]:
    """The matrix with its numbers, a dot for none, and each class's share of right answers."""
    width = max(len(f"{matrix.max()}"), 2) + 1
    classes = range(len(matrix))
    lines = [
        "Confusion      columns: predicted",
        "  true  " + "".join(f"{predicted:>{width}}" for predicted in classes) + "    right",
    ]
    for true in classes:
        row = matrix[true]
        cells = "".join(f"{count or '·':>{width}}" for count in row)
        right = f"{row[true] / row.sum():>8.1%}" if row.sum() else f"{'-':>8}"
        lines.append(f"  {true:>4}  {cells} {right}")
    return lines
