"""How a run learned: curves over epochs, with what was done to it, and their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.export.markup import element, folded, safe, scrolling, table
from digit_tui.export.report.content import Report
from digit_tui.export.svg_chart import Curve, Mark, line_chart
from digit_tui.storage.journal import Line
from digit_tui.storage.run_log import LogEntry

ROWS = 60
"""Of the table of epochs, at most; of a longer run every second epoch is in it, or every tenth."""
Array = NDArray[Any]


def curves(report: Report) -> str:
    """The charts, and the table beside them."""
    epochs, undone = report.history.epochs, report.history.undone
    evaluations = report.history.evaluations
    split = report.summary.monitored_split
    if not epochs and not undone:
        return "<p>No epoch was finished, so there are no curves.</p>"
    marks = _marks(report.log)
    ends = [line["epoch"] for lines in (epochs, *undone) for line in lines]
    ends += [mark.epoch for mark in marks] + [line["epoch"] for line in evaluations]
    span = (0.0, float(max(ends)))
    figures = []
    for name, title, fields, log, percent in (
        ("loss", "Loss", ("train_loss", f"{split}_loss"), True, False),
        ("error", "Error: share read wrong", ("train_accuracy", f"{split}_accuracy"), True, True),
        ("rate", "Learning rate", ("learning_rate",), False, False),
        ("norm", "Norm of the gradient", ("gradient_norm",), True, False),
    ):
        least = 1 / report.summary.images if percent else None
        drawn = [
            Curve("undone", "undone", *_points([*before, *way], field, least))
            for way in undone
            for before in [_before(epochs, way)]
            for field in fields
        ]
        names = [("training", "training"), (split, "monitored")]
        if len(fields) == 1:
            names = [("", "training")]
        for field, (words, kind) in zip(fields, names, strict=True):
            lines = epochs
            if kind == "monitored":
                lines = sorted([*epochs, *evaluations], key=lambda line: float(line["epoch"]))
            drawn.append(Curve(words or name, kind, *_points(lines, field, least)))
        svg = line_chart(name, title, drawn, span, marks, log=log, percent=percent)
        figures.append(element("figure", f"<figcaption>{safe(title)}</figcaption>\n{svg}"))
    explained = (
        "<p>Loss and error fall as the network learns. Where those of the digits that it is "
        f"trained on fall much lower than those of the {split} digits, it learns its examples by "
        "heart. "
        + ("Grey, dotted: what was undone, as far as it fits the chart. " if undone else "")
        + (
            "A letter marks what was done to the run; it is explained below."
            if marks
            else "Nothing was changed while it trained."
        )
        + "</p>"
    )
    return "\n".join(
        [
            explained,
            element("div", "\n".join(figures), class_="charts"),
            folded("The numbers of the curves", scrolling(_numbers(epochs, split), "Epochs")),
        ]
    )


def _marks(log: Sequence[LogEntry]) -> list[Mark]:
    """One for all that have its letter, where the first of them is."""
    marks: dict[str, Mark] = {}
    for entry in log:
        if entry.mark:
            first = marks.get(entry.mark)
            words = entry.words if first is None else f"{first.words}, {entry.words}"
            epoch = entry.epoch if first is None else first.epoch
            marks[entry.mark] = Mark(epoch, entry.mark, words)
    return [*marks.values()]


def _before(epochs: Sequence[Line], way: Sequence[Line]) -> list[Line]:
    """The epoch that the run went on from, so that a branch is seen to be one."""
    first = way[0]["epoch"]
    return [line for line in epochs if line["epoch"] == first - 1]


def _points(lines: Sequence[Line], field: str, least: float | None) -> tuple[Array, Array]:
    """Epochs (n,) and values (n,) of a field; an accuracy becomes an error, which is not 0.

    An error of none in so many images is drawn as that of one, as a logarithm needs it.
    """
    x = np.array([line["epoch"] for line in lines], np.float64)
    y = np.array([_value(line, field) for line in lines], np.float64)
    return (x, y) if least is None else (x, np.maximum(1 - y, least))


def _value(line: Line, field: str) -> float:
    value = line.get(field)
    return nan if value is None else float(value)


def _numbers(epochs: Sequence[Line], split: str) -> str:
    every = -(-len(epochs) // ROWS) or 1
    shown = [line for line in epochs if line["epoch"] % every == 0 or line is epochs[-1]]
    heads = ["epoch", "training loss", f"{split} loss", "training error", f"{split} error"]
    rows = [
        [
            f"{line['epoch']}",
            _number(_value(line, "train_loss"), ".4f"),
            _number(_value(line, f"{split}_loss"), ".4f"),
            _number(1 - _value(line, "train_accuracy"), ".2%"),
            _number(1 - _value(line, f"{split}_accuracy"), ".2%"),
            _number(_value(line, "learning_rate"), ".4g"),
            _number(_value(line, "gradient_norm"), ".4g"),
            line["optimizer"],
        ]
        for line in shown
    ]
    caption = "Each epoch" if every == 1 else f"Every {every}th epoch" if every > 3 else ""
    caption = caption or {2: "Every second epoch", 3: "Every third epoch"}[every]
    return table(caption, [*heads, "learning rate", "gradient norm", "optimizer"], rows)


def _number(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else "no number"
