"""Test digits as ASCII art: one large, or several beside each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.text import Text
from textual.widgets import Static

from digit_tui.data import Dataset, draw_digit
from digit_tui.nn import Evaluation

HEIGHTS = (14, 7)
"""Rows of a drawing: divisors of MNIST's side, so that each cell covers whole pixels."""


def caption(evaluation: Evaluation, index: int) -> str:
    """For example "#947  8 → 9"."""
    return f"#{index}  {evaluation.labels[index]} → {evaluation.predictions[index]}"


def drawing(dataset: Dataset, index: int, rows: int) -> list[str]:
    """A test digit as `rows` lines of twice as many characters."""
    image = dataset.test_images[index].reshape(dataset.side, dataset.side)
    return draw_digit(image, columns=2 * rows, rows=rows)


class DigitPicture(Static):
    """One digit, as large as there is room for."""

    def say(self, words: str) -> None:
        """Show words instead of a digit."""
        self.border_title = ""
        self.update(Text(words))

    def show(self, dataset: Dataset, evaluation: Evaluation, index: int) -> None:
        width, height = self.size
        rows = next((rows for rows in HEIGHTS if rows <= height and 2 * rows <= width), HEIGHTS[-1])
        self.border_title = f"#{index}  loss {evaluation.losses[index]:.2f}"
        self.update(Text("\n".join(drawing(dataset, index, rows)), no_wrap=True))


class Gallery(Static):
    """A page of the list as pictures; the chosen digit is marked."""

    ROWS = 14
    COMPONENT_CLASSES = {"gallery--chosen"}

    def show(
        self, dataset: Dataset, evaluation: Evaluation, order: NDArray[np.intp], row: int
    ) -> None:
        """Show the page of `order` that `row` is on."""
        width, height = self.size
        across, down = width // (2 * self.ROWS + 2), height // (self.ROWS + 1)
        page = across * down
        if not page:
            return
        start = row // page * page
        text = Text(no_wrap=True)
        for first in range(start, start + page, across):
            indices = [int(index) for index in order[first : min(first + across, start + page)]]
            for place, index in enumerate(indices):
                chosen = first + place == row
                style = self.get_component_rich_style("gallery--chosen") if chosen else ""
                text.append(f"{caption(evaluation, index):<{2 * self.ROWS}}", style)
                text.append("  ")
            text.append("\n")
            pictures = [drawing(dataset, index, self.ROWS) for index in indices]
            for lines in zip(*pictures, strict=True):
                text.append("  ".join(lines) + "\n")
        self.update(text)
