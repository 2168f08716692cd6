"""Reading and typing in the view of mistakes."""

from __future__ import annotations

from typing import Any

from textual import events

# Index to (predicted, its probability); the higher, the higher the loss.
MISTAKES = {4: (7, 0.8), 17: (3, 0.6), 250: (0, 0.51), 31: (0, 0.99)}


def listed(opened: Any) -> list[str]:
    """The rows of the list, without the empty ones."""
    rows = [row.removeprefix("│")[:26].rstrip() for row in opened.rows[3:22]]
    return [row for row in rows if row]


def chosen(opened: Any) -> int:
    """The index of the digit that is marked in the list."""
    (row,) = [row for row in listed(opened) if row.startswith("▸")]
    return int(row[1:8])


def explained(opened: Any) -> int:
    """The index of the digit that is explained."""
    return int(title(opened).split()[0].removeprefix("#"))


def title(opened: Any) -> str:
    """The line above the list, in words, without the epoch."""
    return str(opened.rows[2].strip("─").partition(", at epoch")[0])


def indices(opened: Any) -> list[int]:
    return [int(row[1:8]) for row in listed(opened)]


async def write(opened: Any, text: str) -> None:
    """Type into the filter, key by key."""
    for letter in text:
        name = {"=": "equals_sign", ">": "greater_than_sign", " ": "space"}.get(letter, letter)
        opened.app.post_message(events.Key(name, letter))
        await opened.pilot.pause(0)
    await opened.settle()
