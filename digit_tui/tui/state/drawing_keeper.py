"""Keeps a drawing with its label, which a person is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import DataError, normalise_digit
from digit_tui.data.own_digits import add_own_digit, read_own, read_own_digits, remove_own_digits
from digit_tui.tui.state.drawn_digit import class_of
from digit_tui.tui.state.run_model import RunModel

ENOUGH = 5
"""So many drawings and more are worth to be taught."""


def teach_key(model: RunModel) -> str | None:
    """What teaches a network the drawings; None if the run cannot be changed."""
    return None if model.ways is None else model.ways["teach"]


def _classes(model: RunModel) -> int:
    return 10 if model.dataset is None else model.dataset.classes


@dataclass(eq=False)
class _Kept:
    """A drawing that was kept."""

    ink: NDArray[Any]
    """As it was drawn."""
    image: NDArray[np.uint8]
    label_before: int | None
    """What it was kept as before that."""


class DrawingKeeper:
    """Asks what a drawing is, and keeps it.

    Attributes:
        asks: whether the next key says what the drawing is.
        said: what came of it; empty if there is nothing to say.
    """

    def __init__(self) -> None:
        self.asks = False
        self.said = ""
        self._wrong = ""
        """What was typed last, if there is no such label."""
        self._kept: list[_Kept] = []

    def question(self, model: RunModel, is_refused: bool) -> str:
        """Which label is to be typed.

        Args:
            model: the run that reads it.
            is_refused: whether it is read as no digit.
        """
        classes = _classes(model)
        names = f"0 to {min(classes, 10) - 1}"
        if classes > 10:
            names += " or a letter"
        if self._wrong:
            doubt = f"{self._wrong} is none of them."
        else:
            doubt = "It looks like no digit. Which one is it?" if is_refused else "Which one is it?"
        return f"{doubt} Press {names}, or esc not to keep it."

    def ask(self, model: RunModel) -> None:
        """Ask what the drawing is, if the run that reads it has such classes."""
        self.asks, self.said, self._wrong = True, "", ""
        self._refuse_names(model)

    def _refuse_names(self, model: RunModel) -> bool:
        """Say that nothing is kept where classes have names: elsewhere it would be a digit."""
        names = () if model.dataset is None else model.dataset.class_names
        if names:
            self.say(f"It cannot be kept: the classes of this data are {', '.join(names)}")
        return bool(names)

    def say(self, text: str) -> None:
        """Ask no longer, and say this instead."""
        self.asks, self.said = False, text

    def keep(self, ink: NDArray[Any], name: str, model: RunModel, undo_key: str) -> bool:
        """Keep a drawing as the class that a typed character names.

        Args:
            ink: (height, width) uint8, 0 background to 255 ink.
            name: what was typed.
            model: the run that reads it.
            undo_key: what takes it back.

        Returns:
            Whether it was kept: there may be no such class, or the disk may refuse.
        """
        if self._refuse_names(model):
            return False
        label = class_of(name, _classes(model))
        if label is None:
            if name.isalnum():  # an arrow key was no answer
                self.asks, self._wrong = True, name
            return False
        image = normalise_digit(ink).image  # as MNIST's, whatever was shown
        try:
            before = _label_of(image)
            add_own_digit(image, label)
            count = len(read_own_digits()[1])
        except (DataError, OSError) as error:
            self.say(f"It was not kept: {error}")
            return False
        key = teach_key(model) if count >= ENOUGH else None
        teaches = "" if key is None else f"; {key} teaches them"
        if before == label:
            told = f"You have it already, as {name}"
        else:
            instead = "" if before is None else " instead"
            told = f"Kept as {name}{instead}, {undo_key} takes it back"
            self._kept.append(_Kept(ink.copy(), image, before))
        self.say(f"{told}. You have {count:,}{teaches}.")
        return True

    def take_back(self, ink: NDArray[Any]) -> bool:
        """Keep a drawing no longer, or as what it was kept before.

        Args:
            ink: as it was drawn.

        Returns:
            Whether it was kept here.
        """
        same = [each for each in self._kept if np.array_equal(each.ink, ink)]
        kept = same[-1] if same else None
        if kept is None:
            return False
        self._kept.remove(kept)
        try:
            if kept.label_before is not None:
                add_own_digit(kept.image, kept.label_before)
                self.say("It is kept as before.")
            else:
                own = read_own()
                remove_own_digits(_places_of(kept.image, own.images), own)
                self.say(f"It is not kept any more: you have {len(read_own_digits()[1]):,}.")
        except (DataError, OSError) as error:
            self.say(f"It is still kept: {error}")
        return True

    def go_on(self) -> None:
        """Another drawing is under way: what was said was about the one before."""
        self.said = ""


def _places_of(image: NDArray[np.uint8], images: NDArray[np.uint8]) -> list[int]:
    return [place for place, each in enumerate(images) if np.array_equal(each, image)]


def _label_of(image: NDArray[np.uint8]) -> int | None:
    """What a drawing is kept as; None if it is not."""
    images, labels = read_own_digits()
    places = _places_of(image, images)
    return int(labels[places[0]]) if places else None
