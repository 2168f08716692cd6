"""The digit that is drawn by hand, with the network that reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from digit_tui.data import Dataset
from digit_tui.insight.drawn_digit import DrawingReading
from digit_tui.nn import Network


@dataclass(frozen=True, eq=False)
class DrawnDigit:
    """One drawing, for the widgets that explain a digit; see `SelectedDigit`."""

    dataset: Dataset
    network: Network
    """Never written to."""
    epoch: float
    """The network's."""
    reading: DrawingReading

    @property
    def key(self) -> bytes:
        """What tells it from other drawings."""
        return self.image.tobytes()

    @property
    def image(self) -> NDArray[Any]:
        """(pixels,) uint8"""
        return self.reading.image.reshape(-1)

    @property
    def true(self) -> int:
        """What it is read as: nobody has said what it is."""
        return self.reading.predicted


def class_of(character: str, classes: int) -> int | None:
    """The class that a typed character names; None if it names none of the classes.

    Digits are classes 0 to 9. Letters are those of EMNIST (Cohen et al. 2017, arXiv:1702.05373):
    in its "letters", of 27 classes with an empty one at 0, A is 1; elsewhere A is 10, and small
    letters that look different from the capital ones follow from 36 on.
    """
    if character.isascii() and character.isdigit():
        found = int(character)
    elif len(character) == 1 and character.isascii() and character.isalpha():
        place = ord(character.upper()) - ord("A")
        small = SMALL.find(character)
        if classes == LETTERS:
            found = 1 + place
        elif small >= 0 and classes > FIRST_SMALL:
            found = FIRST_SMALL + small
        else:
            found = FIRST_CAPITAL + place
    else:
        return None
    return found if found < classes else None


LETTERS = 27
"""Classes of EMNIST's letters, of which 0 is empty."""
FIRST_CAPITAL, FIRST_SMALL = 10, 36
SMALL = "abdefghnqrt"
"""Small letters that have classes of their own in EMNIST's "balanced" and "by merge"."""
