"""What is told of each digit: for people, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.biography import Biography
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.significance import interval_words
from digit_tui.insight.suspects import CONFIDENT, STEADY, accuracy_without

PLACES = {"confidence": ".2%", "loss": ".4f", "margin": "+z.4f"}
"""How numbers are shown to people."""


def records(table: DigitTable, indices: Sequence[int] | NDArray[Any]) -> Iterator[dict[str, Any]]:
    """All that is known of digits, in plain values that are not rounded.

    None stands for what is no number (a network that diverged), for the epoch at which a digit was
    learned that never was, and for what a history would tell that is not there.
    """
    evaluation, lives = table.evaluation, table.lives
    watched = len(table.history) > 0
    for index in map(int, indices):
        learned = int(lives.learned[index])
        yield {
            "index": index,
            "true": int(evaluation.labels[index]),
            "predicted": int(evaluation.predictions[index]),
            "confidence": _number(table.confidences[index]),
            "loss": _number(evaluation.losses[index]),
            "margin": _number(table.margins[index]),
            "rank": table.rank(index),
            "probabilities": [_number(each) for each in evaluation.probabilities[index]],
            "learned": learned if learned >= 0 else None,
            "forgotten": int(lives.forgotten[index]) if watched else None,
            "since": int(lives.since[index]) if watched else None,
            "suspect": bool(table.suspects[index]),
            "unbacked": bool(table.unbacked[index]),
        }


def _number(value: Any) -> float | None:
    number = float(value)
    return number if isfinite(number) else None


def shown(name: str, value: float | None) -> str:
    """A number of `PLACES` for people."""
    return "no number" if value is None else format(value, PLACES[name])


def biographies(table: DigitTable, indices: Sequence[int] | NDArray[Any]) -> list[str]:
    """The lives of some digits in words; empty without a history."""
    history = table.history
    if not history:
        return [""] * len(indices)
    looks = np.stack([predictions[indices] for _, predictions in history.walk()])
    labels, now = table.evaluation.labels[indices], table.evaluation.predictions[indices]
    return [
        Biography(int(label), history.epochs, predictions, int(latest)).words
        for label, predictions, latest in zip(labels, looks.T, now, strict=True)
    ]


def about(run: str, data: str, step: int, table: DigitTable, what: str) -> dict[str, str]:
    """What a list is of, as headings and texts.

    Args:
        run: what the run is called.
        data: which digits.
        step: at which the network was taken.
        table: what it made of them.
        what: which of them are listed, in which order.
    """
    evaluation = table.evaluation
    facts = {
        "Run": run,
        "Data": data,
        "Step": f"{step:,}",
        "Accuracy": _accuracy(evaluation.correct, evaluation.total),
    }
    correct, total = accuracy_without(evaluation, table.unbacked)
    if total < evaluation.total:
        facts["Backed labels"] = (
            f"{_accuracy(correct, total)}, without the {evaluation.total - total} "
            "that annotators did not back"
        )
    epochs = table.history.epochs
    if epochs:
        first, last = epochs[0], epochs[-1]
        which = f"epoch {last}" if first == last else f"epochs {first} to {last}"
        facts["History"] = f"predictions at the end of {which}"
        facts["Suspects"] = (
            f"{np.count_nonzero(table.suspects):,} labels, contradicted with {CONFIDENT:.0%} "
            f"or more, and in the same way for {STEADY} epochs"
        )
    else:
        facts["History"] = "none of these digits"
    return facts | {"Listed": what}


def _accuracy(correct: int, total: int) -> str:
    return f"{interval_words(correct, total)}, {correct:,} of {total:,}"


def text_table(table: DigitTable, indices: Sequence[int] | NDArray[Any]) -> Iterator[str]:
    """A line for each digit, after one of headings."""
    words = biographies(table, indices)
    width = max(map(len, words), default=0)
    yield "  index  true  predicted  confidence       loss  history"
    for record, life in zip(records(table, indices), words, strict=True):
        numbers = (
            f"{record['index']:>7}  {record['true']:>4}  {record['predicted']:>9}  "
            f"{shown('confidence', record['confidence']):>10}  {shown('loss', record['loss']):>9}"
        )
        doubts = ", ".join(table.doubts(record["index"]))
        yield f"{numbers}  {life:<{width}}  {doubts}".rstrip()
