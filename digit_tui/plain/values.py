"""What the words of a line can be: names, counts, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from digit_tui.data import printable

MOST = 1_000_000
"""No count is larger."""
SHOWN = 40
"""So much of a wrong word is repeated."""


def choose(word: str, names: Sequence[str]) -> str:
    """The name that a word is, or is the beginning of.

    Raises:
        ValueError: if it is none of them, or may be several.
    """
    if word.lower() in names:
        return word.lower()
    found = [name for name in names if name.startswith(word.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{quoted(word)} may be {' or '.join(found)}")
    raise ValueError(f"{quoted(word)} is none of {', '.join(names)}")


def quoted(word: str) -> str:
    """A word of a person, or its beginning, safe to print."""
    word = printable(word)
    return f"'{word[:SHOWN]}...'" if len(word) > SHOWN else f"'{word}'"


def whole(word: str, least: int = 1) -> int:
    """A count.

    Raises:
        ValueError: if the word is no number from `least` to MOST.
    """
    try:
        number = int(word)
    except ValueError:
        number = -1
    if not least <= number <= MOST:
        raise ValueError(f"{quoted(word)} is not a whole number from {least} to {MOST:,}")
    return number


def real(word: str) -> float:
    """A positive number.

    Raises:
        ValueError: if the word is none.
    """
    try:
        number = float(word)
    except ValueError:
        number = -1.0
    if not (isfinite(number) and number > 0):
        raise ValueError(f"{quoted(word)} is not a positive number")
    return number


def count_words(words: list[str], least: int, most: int) -> None:
    """See that there are as many words as there should be.

    Raises:
        ValueError: if not.
    """
    if len(words) < least:
        raise ValueError("something is missing")
    if len(words) > most:
        raise ValueError(f"{quoted(words[most])} is too much")
