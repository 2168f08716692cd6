"""What is known of each digit in a list: as records, and as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import counted
from digit_tui.insight.biography import Biography
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.significance import interval_words
from digit_tui.insight.suspects import CONFIDENT, STEADY, accuracy_without

PLACES = {"confidence": ".2%", "loss": ".4f", "margin": "+z.4f"}
"""Formats of the numbers that are shown to people."""


def digit_records(
    table: DigitTable, indices: Sequence[int] | NDArray[Any]
) -> Iterator[dict[str, Any]]:
    """All that is known of digits, as JSON values that are not rounded.

    None stands for NaN and infinity (after the network diverged), for the epoch in which a digit
    was learned if it never was, and for all that needs a history where there is none.
    """
    evaluation, lives = table.evaluation, table.lives
    has_history = len(table.history) > 0
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
            "forgotten": int(lives.forgotten[index]) if has_history else None,
            "since": int(lives.since[index]) if has_history else None,
            "suspect": bool(table.suspects[index]) if has_history else None,
            "unbacked": bool(table.unbacked[index]),
            **({} if table.members is None else {"members": table.members[:, index].tolist()}),
        }


def _number(value: Any) -> float | None:
    number = float(value)
    return number if isfinite(number) else None


def shown(name: str, value: float | None) -> str:
    """One of the numbers in `PLACES`, for people."""
    return "no number" if value is None else format(value, PLACES[name])


def biographies(table: DigitTable, indices: Sequence[int] | NDArray[Any]) -> list[str]:
    """The histories of some digits in words; empty strings where there is none."""
    history = table.history
    if not history:
        return [""] * len(indices)
    past = np.stack([predictions[indices] for _, predictions in history.walk()])
    labels, now = table.evaluation.labels[indices], table.evaluation.predictions[indices]
    return [
        Biography(int(label), history.epochs, predictions, int(latest)).words
        for label, predictions, latest in zip(labels, past.T, now, strict=True)
    ]


def remarks(table: DigitTable, indices: Sequence[int] | NDArray[Any]) -> tuple[str, list[str]]:
    """What to say of digits beside their numbers: a heading, and of each some words.

    It is their history or, of a committee, what its members take them for: "all 9" or "4 9 9".
    """
    if table.members is None:
        return "history", biographies(table, indices)
    named = table.members[:, indices].T.tolist()
    words = (f"all {each[0]}" if len({*each}) == 1 else " ".join(map(str, each)) for each in named)
    return "members", [*words]


def list_facts(run: str, data: str, step: str, table: DigitTable, listed: str) -> dict[str, str]:
    """The run, the network and the selection behind a list, as headings and texts.

    Args:
        run: the name or folder of the run; those of the members of a committee.
        data: the dataset.
        step: of the network, or of each member.
        table: what is known of the digits.
        listed: which of them are listed, and in which order.
    """
    evaluation = table.evaluation
    facts = {
        "Run": run,
        "Data": data,
        "Step": step,
        "Accuracy": _accuracy(evaluation.correct, evaluation.total),
    }
    correct, total = accuracy_without(evaluation, table.unbacked)
    if total < evaluation.total:
        facts["Backed labels"] = (
            f"{_accuracy(correct, total)} ({evaluation.total - total} not backed)"
        )
    epochs = table.history.epochs
    if table.members is not None:
        facts["Members"] = "what each takes the digit for, in the order of the runs"
    elif epochs:
        first, last = epochs[0], epochs[-1]
        which = f"epoch {last}" if first == last else f"epochs {first} to {last}"
        facts["History"] = f"predictions at the end of {which}"
        suspects = counted(int(np.count_nonzero(table.suspects)), "label")
        facts["Suspects"] = (
            f"{suspects}, contradicted with {CONFIDENT:.0%} "
            f"or more, the same way for {STEADY} epochs"
        )
    else:
        facts["History"] = "none of these digits"
    return facts | {"Listed": listed}


def _accuracy(correct: int, total: int) -> str:
    return f"{interval_words(correct, total)}, {correct:,} of {total:,}"


WIDTH = 80
"""Columns of the table: a terminal would break longer lines within words."""


def text_table(table: DigitTable, indices: Sequence[int] | NDArray[Any]) -> Iterator[str]:
    """A line for each digit, after a line of headings; two where its history is long."""
    heading, words = remarks(table, indices)
    yield f"  index  true  predicted  confidence       loss  {heading}"
    for record, life in zip(digit_records(table, indices), words, strict=True):
        numbers = (
            f"{record['index']:>7}  {record['true']:>4}  {record['predicted']:>9}  "
            f"{shown('confidence', record['confidence']):>10}  {shown('loss', record['loss']):>9}"
        )
        said = ", ".join(filter(None, [life, *table.doubts(record["index"])]))
        first, *more = wrap(said, WIDTH - len(numbers) - 2) or [""]
        yield f"{numbers}  {first}".rstrip()
        for line in more:
            yield f"{'':<{len(numbers)}}  {line}"
