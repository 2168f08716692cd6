"""The words of a line as values: names, counts, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from digit_tui.data import printable

MOST = 1_000_000
"""The largest count."""
SHOWN = 40
"""Characters of a wrong word that an error message quotes."""


def choose(word: str, names: Sequence[str]) -> str:
    """The name that a word is, or the only one that begins with it.

    Raises:
        ValueError: if there is none, or more than one.
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
    """A typed word, or its beginning, in quotes and safe to print."""
    word = printable(word)
    return f"'{word[:SHOWN]}...'" if len(word) > SHOWN else f"'{word}'"


def whole(word: str, least: int = 1) -> int:
    """A count.

    Raises:
        ValueError: if the word is not a whole number from `least` to MOST.
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
        ValueError: if the word is not one.
    """
    try:
        number = float(word)
    except ValueError:
        number = -1.0
    if not (isfinite(number) and number > 0):
        raise ValueError(f"{quoted(word)} is not a positive number")
    return number


def count_words(words: list[str], least: int, most: int) -> None:
    """Check the number of words.

    Raises:
        ValueError: if there are fewer than `least`, or more than `most`.
    """
    if len(words) < least:
        raise ValueError("something is missing")
    if len(words) > most:
        raise ValueError(f"{quoted(words[most])} is one word too many")
