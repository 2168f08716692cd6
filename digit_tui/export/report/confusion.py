"""Which digits are taken for which: the confusion matrix of a report, shaded, with its scores."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import counted
from digit_tui.export.markup import element, folded, safe, scrolling, table
from digit_tui.export.report.content import Measured
from digit_tui.insight.confusion import class_scores, confusion_matrix, most_confused

MOST_CLASSES = 20
"""With more, the numbers do not fit a page: they are shaded cells, and a table to unfold."""
LEVELS = 6
"""Shades of a count of mistakes."""
SIDE_BY_SIDE = 16
"""Rows of the tables of scores, where there are many classes."""
PAIRS = 12
"""Kinds of mistake that are named."""
CELL, EDGE = 16, 40
"""Side of a shaded cell, and the room for its numbers."""
Array = NDArray[Any]


def confusion(measured: Measured) -> str:
    """The matrix, what is confused most often, and how well each class is recognized."""
    matrix = confusion_matrix(measured.table.evaluation)
    many = len(matrix) > MOST_CLASSES
    explained = (
        "<p>Each row is of the digits of one class: how many were taken for what. What is right is "
        "on the diagonal, in blue; the stronger the orange, the more often that mistake was made. "
        "<em>Recall</em> is the share of the digits of a class that is recognized, "
        "<em>precision</em> the share that is right of what is taken for this class, and "
        "<em>F1</em> their harmonic mean; all in per cent.</p>"
    )
    parts = [explained, _most_confused(matrix)]
    if many:
        heat = element(
            "figure",
            "<figcaption>True class (rows) and what it is taken for (columns)</figcaption>"
            + scrolling(heat_map(matrix), "Confusion matrix"),
        )
        numbers = folded("All counts as a table", scrolling(_grid(matrix, False), "All counts"))
        parts += [heat, numbers, _scores(matrix)]
    else:
        parts.append(scrolling(_grid(matrix, True), "Confusion matrix"))
    return "\n".join(parts)


def _most_confused(matrix: NDArray[np.int64]) -> str:
    pairs = most_confused(matrix, PAIRS)
    if not pairs:
        return "<p>Not one mistake.</p>"
    words = ", ".join(f"{pair.true} as {pair.predicted} ({pair.times:,})" for pair in pairs)
    return f"<p>Most confused: {words}.</p>"


def _level(count: int, most: int) -> str:
    return f"w{ceil(LEVELS * count / most)}"


def _most_wrong(matrix: Array) -> int:
    return max(1, int((matrix - np.diag(matrix.diagonal())).max()))


def _grid(matrix: NDArray[np.int64], scored: bool) -> str:
    """The counts as a table; a dot stands for none."""
    most = _most_wrong(matrix)
    classes = range(len(matrix))
    heads = ["<td></td>", *(f'<th scope="col">{each}</th>' for each in classes)]
    names = ("digits", "recall", "precision", "F1") if scored else ("digits",)
    heads += [f'<th scope="col" class="scores">{names[0]}</th>']
    heads += [f'<th scope="col">{name}</th>' for name in names[1:]]
    rows = []
    for true, scores in zip(classes, _words_of_scores(matrix), strict=True):
        cells = []
        for predicted, count in enumerate(matrix[true].tolist()):
            if true == predicted:
                cells.append(f'<td class="right">{count:,}</td>')
            elif count:
                cells.append(f'<td class="{_level(count, most)}">{count:,}</td>')
            else:
                cells.append('<td class="empty">\N{MIDDLE DOT}</td>')
        cells.append(f'<td class="scores">{scores[0]}</td>')
        cells += [f"<td>{word}</td>" for word in (scores[1:] if scored else ())]
        rows.append(f'<tr><th scope="row">{true}</th>{"".join(cells)}</tr>')
    body = "\n".join(rows)
    return (
        '<table class="confusion"><caption>True class (rows) and what it is taken for '
        f"(columns)</caption><thead><tr>{''.join(heads)}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table>"
    )


def _words_of_scores(matrix: NDArray[np.int64]) -> Iterator[tuple[str, ...]]:
    """For each class how many digits it has, and its recall, precision and F1, in per cent."""
    scores = class_scores(matrix)
    for true, own in enumerate(zip(scores.recall, scores.precision, scores.f1, strict=True)):
        words = ["-" if np.isnan(value) else f"{100 * value:.1f}" for value in own]
        yield f"{matrix[true].sum():,}", *words


def _scores(matrix: NDArray[np.int64]) -> str:
    rows = [[f"{true}", *words] for true, words in enumerate(_words_of_scores(matrix))]
    heads = ("class", "digits", "recall", "precision", "F1")
    parts = [rows[start : start + SIDE_BY_SIDE] for start in range(0, len(rows), SIDE_BY_SIDE)]
    tables = [
        table(f"Scores of classes {part[0][0]} to {part[-1][0]}", heads, part) for part in parts
    ]
    return element("div", "\n".join(tables), class_="side-by-side")


def heat_map(matrix: NDArray[np.int64]) -> str:
    """The matrix as shaded cells, each with its count for a mouse that rests on it."""
    most, classes = _most_wrong(matrix), len(matrix)
    size = EDGE + CELL * classes
    parts = []
    for each in range(classes):
        at = EDGE + CELL * each
        parts.append(f'<text x="{EDGE - 6}" y="{at + 12}" text-anchor="end">{each}</text>')
        if each % 2 == 0:  # two of them side by side would run together
            parts.append(f'<text x="{at + 8}" y="{EDGE - 8}" text-anchor="middle">{each}</text>')
    for true, predicted in np.argwhere(matrix).tolist():
        count = int(matrix[true, predicted])
        level = "right" if true == predicted else _level(count, most)
        words = f"{true} as {predicted}: {counted(count, 'digit')}"
        parts.append(
            f'<rect class="{level}" x="{EDGE + CELL * predicted}" y="{EDGE + CELL * true}" '
            f'width="{CELL}" height="{CELL}"><title>{safe(words)}</title></rect>'
        )
    parts.append(
        f'<path class="axis" d="M{EDGE} {EDGE}h{CELL * classes}v{CELL * classes}'
        f'h{-CELL * classes}z"/>'
    )
    label = f"Confusion matrix of {classes} classes; the table below has its numbers"
    content = "\n".join(parts)
    return (
        f'<svg class="heat" viewBox="0 0 {size + 4} {size + 4}" role="img" '
        f'aria-label="{safe(label)}">\n{content}\n</svg>'
    )
