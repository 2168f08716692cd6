"""The answer to `draw`: what the network reads in rows of characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.drawn_digit import read_drawing
from digit_tui.plain.predict import classifier_for
from digit_tui.plain.requests import InputError
from digit_tui.run.events import Inspected
from digit_tui.session.run_status import RunStatus

MOST = 1_000
"""Rows and columns of the largest drawing."""


def ink_of(rows: Sequence[str], square: bool) -> NDArray[np.uint8]:
    """Rows of characters as (height, width) uint8, 0 background to 255 ink.

    A dot, a space, a tab and 0 are background, 1 to 9 levels of ink, all else is full ink.

    Args:
        rows: from the top; the shorter ones end with background.
        square: whether a character is one pixel; else it is twice as high as wide, as it looks.

    Raises:
        InputError: if there is no ink, or too much.
    """
    width = max(map(len, rows), default=0)
    if len(rows) > MOST or width > MOST:
        raise InputError(f"draw: the drawing has more than {MOST:,} rows or columns")
    ink = np.zeros((len(rows), width), np.uint8)
    for number, row in enumerate(rows):
        ink[number, : len(row)] = [_level(character) for character in row]
    if not ink.any():
        raise InputError("draw: there is no ink: a dot or a space is background, # is ink")
    return ink if square else ink.repeat(2, axis=0)


def _level(character: str) -> int:
    if character in "0123456789":
        return round(int(character) * 255 / 9)
    return 0 if character == "." or character.isspace() else 255


def answer(
    rows: Sequence[str], square: bool, inspected: Mapping[str, Inspected], run: RunStatus
) -> list[str]:
    """The answer for a run and, if one trains beside it, for its fork.

    Args:
        rows: see `ink_of`.
        square: see there.
        inspected: copies of their states, by "run" and "fork".
        run: the state of the run.

    Raises:
        InputError: if there is nothing to read.
    """
    ink = ink_of(rows, square)
    lines = []
    for name, each in inspected.items():
        classifier = classifier_for(name, each, run)
        reading = read_drawing(each.evaluated_network, ink, classifier=classifier)
        order = np.argsort(-reading.probabilities, kind="stable")
        chances = ", ".join(f"{place} {reading.probabilities[place]:.1%}" for place in order)
        lines.append(f"{name} at epoch {each.epoch:.2f}, {reading.title}: {chances}")
    return lines
