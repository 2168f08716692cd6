"""Digits drawn by hand: their strokes, as moves of the mouse and as keys."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

Path = list[tuple[int, int]]

POINTS = {
    0: "14,4 9,6 7,11 7,17 9,22 14,24 19,22 21,17 21,11 19,6 14,4",
    1: "14,4 14,24",
    2: "8,8 10,5 14,4 18,5 19,9 17,13 12,18 7,23 21,23",
    3: "8,5 14,4 19,6 19,10 14,13 19,15 20,19 17,23 12,24 7,22",
    4: "9,4 7,13 20,13 / 18,4 17,24",
    5: "19,4 9,4 8,12 14,11 19,14 20,19 16,23 11,24 7,22",
    6: "17,4 11,9 8,15 8,20 12,24 17,23 19,19 17,15 12,15 8,18",
    7: "7,5 20,5 16,13 12,24",
    8: "14,13 9,10 9,6 14,4 19,6 19,10 14,13 8,17 8,22 14,24 20,22 20,17 14,13",
    9: "19,8 15,4 10,5 8,9 10,13 15,13 19,9 19,8 18,16 16,24",
}
"""Of each stroke, in pixels of MNIST from the upper left corner: across,down."""
STROKES: dict[int, list[Path]] = {
    digit: [
        [(int(x), int(y)) for x, y in (point.split(",") for point in stroke.split())]
        for stroke in strokes.split("/")
    ]
    for digit, strokes in POINTS.items()
}
ARROWS = {(-1, 0): "\x1b[D", (1, 0): "\x1b[C", (0, -1): "\x1b[A", (0, 1): "\x1b[B"}


def mouse(digit: int, left: int, top: int, columns: int = 28) -> str:
    """What a terminal sends when a digit is drawn with the mouse: press, drag, let go.

    Args:
        digit: which.
        left: column of the canvas on the screen, from 0.
        top: its row.
        columns: of the canvas, twice as many as its rows.
    """
    sent = ""
    for path in STROKES[digit]:
        cells = [(left + x * columns // 28 + 1, top + y * columns // 56 + 1) for x, y in path]
        (x, y), *others = cells
        sent += f"\x1b[<0;{x};{y}M"
        for x, y in others:
            sent += f"\x1b[<32;{x};{y}M"
        sent += f"\x1b[<0;{x};{y}m"
    return sent


def keys(digit: int) -> str:
    """What a terminal sends when a digit is drawn by keys, the cursor being in the middle."""
    sent, at = "", (14, 14)
    for path in STROKES[digit]:
        sent += "".join(_moves(at, path[0])) + " "
        for start, end in pairwise(path):
            sent += "".join(_moves(start, end))
        sent, at = sent + " ", path[-1]
    return sent + "".join(_moves(at, (14, 14)))  # back for the next digit


def _moves(start: tuple[int, int], end: tuple[int, int]) -> Iterator[str]:
    """Arrow keys along a straight line, sideways and up or down in turns."""
    (x, y), (across, down) = start, (end[0] - start[0], end[1] - start[1])
    steps = max(abs(across), abs(down))
    for step in range(1, steps + 1):
        wanted = start[0] + round(across * step / steps), start[1] + round(down * step / steps)
        if wanted[0] != x:
            yield ARROWS[wanted[0] - x, 0]
        if wanted[1] != y:
            yield ARROWS[0, wanted[1] - y]
        x, y = wanted
