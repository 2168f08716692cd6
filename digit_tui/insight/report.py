"""The result of a run as plain text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import counted, in_nats
from digit_tui.insight.confusion import class_scores, confusion_matrix, most_confused
from digit_tui.insight.significance import ends_words
from digit_tui.insight.suspects import (
    CONFIDENT,
    STEADY,
    accuracy_without,
    suspects,
    unbacked,
)
from digit_tui.nn import Evaluation, PredictionHistory

PAIRS = 5
"""How many kinds of mistake a report names."""

SCORES = (" recall", " precision", "    F1")
"""Headings of each class's scores, in per cent."""


def report(
    evaluation: Evaluation, history: PredictionHistory | None = None, split: str = "Test"
) -> str:
    """Accuracy, the confusion matrix with each class's scores, the most frequent mistakes.

    Args:
        evaluation: the evaluation to report on.
        history: the predictions for the same digits at the end of each epoch, if they are known:
            they show which labels are suspect.
        split: which split was evaluated: "Test" or "Validation".
    """
    matrix = confusion_matrix(evaluation)
    lines = [
        f"{split} accuracy  {evaluation.accuracy:.2%}  "
        f"({evaluation.correct:,} of {evaluation.total:,}; loss {in_nats(evaluation.loss)})",
        f"  95% interval {ends_words(evaluation.correct, evaluation.total)}",
        *_doubts(evaluation, history),
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
    """The matrix with its numbers, a dot for none, and each class's scores in per cent."""
    width = max(len(f"{matrix.max()}"), 2) + 1
    classes = range(len(matrix))
    lines = [
        "Confusion      columns: predicted; scores in %",
        "  true" + "".join(f"{predicted:>{width}}" for predicted in classes) + "".join(SCORES),
    ]
    for true, scores in zip(classes, zip(*class_scores(matrix), strict=True), strict=True):
        cells = "".join(f"{count or '·':>{width}}" for count in matrix[true])
        lines.append(f"  {true:>4}{cells}{_per_cent(scores)}")
    return lines


def _per_cent(scores: Sequence[np.float64]) -> str:
    words = ["-" if np.isnan(score) else f"{100 * score:.1f}" for score in scores]
    return "".join(f"{word:>{len(heading)}}" for word, heading in zip(words, SCORES, strict=True))


def _doubts(evaluation: Evaluation, history: PredictionHistory | None) -> list[str]:
    """What is known of labels that may be wrong, where there are some."""
    lines = []
    correct, total = accuracy_without(evaluation, unbacked(evaluation.labels))
    if total < evaluation.total:
        lines += [
            f"  {correct / total:.2%} without {counted(evaluation.total - total, 'digit')} "
            f"whose label annotators did not back ({correct:,} of {total:,})",
            f"  95% interval {ends_words(correct, total)}",
        ]
    # They are wrong by definition: the accuracy without them would flatter.
    count = 0 if history is None else int(np.count_nonzero(suspects(evaluation, history)))
    if count:
        lines.append(
            f"  {counted(count, 'label suspect')}: contradicted with "
            f"{CONFIDENT:.0%} or more, the same way for {STEADY} epochs"
        )
    return lines
