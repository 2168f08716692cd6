"""The view of the confusion matrix: mistakes to show, and what is shown."""

from __future__ import annotations

from typing import Any

# Index to (predicted, its probability); 4 is a 1, 17 a 0, 250 an 8, the others are nines.
FIRST = {4: (7, 0.8), 17: (3, 0.6), 250: (0, 0.51), 31: (0, 0.99)}
SECOND = {4: (7, 0.8), 31: (0, 0.99), 13: (5, 0.7), 18: (0, 0.9), 23: (0, 0.6)}


def shown(opened: Any) -> tuple[list[str], list[str], dict[int, tuple[list[str], list[str]]]]:
    """Headings of the columns, names of the scores, and cells and scores of each row."""
    panel = [row.split("│")[1] if row.startswith("│") else row for row in opened.rows]
    (first,) = [at for at, row in enumerate(panel) if row.startswith(" true")]
    head = panel[first][6:].replace("▸", " ").split()
    columns = [each for each in head if each.isdigit()]
    rows = {}
    for row in panel[first + 1 :]:
        words = row.replace("▸", " ").replace("▴", " ").replace("▾", " ").split()
        if len(words) != len(head) + 1 or ":" in row:
            if words:  # below the table
                break
            continue  # within a tall cell
        rows[int(words[0])] = words[1 : len(columns) + 1], words[len(columns) + 1 :]
    return columns, head[len(columns) :], rows


def chosen(opened: Any) -> str:
    """The number in the cell that is marked."""
    return str(opened.find(r"(?<=▸)[+\-]?[\d.]+"))
