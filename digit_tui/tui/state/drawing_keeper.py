"""Keeps a drawing with its label, which a person is asked for."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from digit_tui.data import DataError, normalise_digit
from digit_tui.data.own_digits import add_own_digit, read_own_digits
from digit_tui.tui.state.drawn_digit import class_of

ENOUGH = 5
"""So many drawings and more are worth to be taught."""


class DrawingKeeper:
    """Asks what a drawing is, and keeps it.

    Attributes:
        asks: whether the next key says what the drawing is.
        said: what came of it; empty if there is nothing to say.
    """

    def __init__(self) -> None:
        self.asks = False
        self.said = ""

    def question(self, classes: int) -> str:
        names = f"0 to {min(classes, 10) - 1}"
        if classes > 10:
            names += " or a letter"
        return f"Which one is it? Press {names}, or esc not to keep it."

    def say(self, text: str) -> None:
        """Ask no longer, and say this instead."""
        self.asks, self.said = False, text

    def keep(self, ink: NDArray[Any], name: str, classes: int, teach_key: str | None) -> bool:
        """Keep a drawing as the class that a typed character names.

        Args:
            ink: (height, width) uint8, 0 background to 255 ink.
            name: what was typed.
            classes: how many there are.
            teach_key: what teaches a network the drawings; None if nothing does here.

        Returns:
            Whether it was kept: there may be no such class, or the disk may refuse.
        """
        label = class_of(name, classes)
        if label is None:
            return False
        image = normalise_digit(ink).image  # as MNIST's, whatever was shown
        try:
            add_own_digit(image, label)
            count = len(read_own_digits()[1])
        except (DataError, OSError) as error:
            self.say(f"It was not kept: {error}")
            return False
        taught = teach_key is not None and count >= ENOUGH
        rest = f"; {teach_key} teaches them." if taught else " now."
        self.say(f"Kept as {name}: {count:,} of yours{rest}")
        return True
