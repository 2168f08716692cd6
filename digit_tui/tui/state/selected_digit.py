"""The digit that is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Dataset
from digit_tui.insight.digit_table import DigitTable
from digit_tui.nn import Network


@dataclass(frozen=True, eq=False)
class SelectedDigit:
    """One digit, and who looks at it."""

    dataset: Dataset
    images: NDArray[np.uint8]
    """(n, pixels) uint8, of all digits that are looked at."""
    table: DigitTable
    network: Network
    """Not written to."""
    epoch: float
    """Where the network stands."""
    index: int
    """Which of the digits it is."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """(pixels,) uint8"""
        image: NDArray[np.uint8] = self.images[self.index]
        return image

    @property
    def square(self) -> NDArray[np.uint8]:
        """(side, side) uint8"""
        return square(self.image, self.dataset.side)

    @property
    def true(self) -> int:
        return int(self.table.evaluation.labels[self.index])

    @property
    def predicted(self) -> int:
        return int(self.table.evaluation.predictions[self.index])

    @property
    def rival(self) -> int:
        """What the prediction is held against: the true class or, if it is right, the next best."""
        if self.predicted != self.true:
            return self.true
        first, second = self.table.evaluation.probabilities[self.index].argsort()[-2:]
        return int(first if second == self.predicted else second)

    def heading(self, width: int) -> str:
        """Which digit it is and what is to be said about its label, as long as there is room."""
        name = f"#{self.index}  {self.true} → {self.predicted}"
        loss = f"{name}  loss {self.table.evaluation.losses[self.index]:.2f}"
        choices = [
            f"{start}  {words}".rstrip() for words in self._notices() for start in (loss, name)
        ]
        return next((words for words in choices if len(words) <= width), choices[-1])

    def _notices(self) -> list[str]:
        """What is to be said about the label, if anything: the longest words first."""
        table, index = self.table, self.index
        unbacked = bool(table.unbacked[index])
        if not table.suspects[index]:
            return ["annotators did not back this label"] if unbacked else [""]
        predictions = table.history.predictions_of(index)
        others = np.flatnonzero(predictions != predictions[-1])
        looks = len(predictions) - (int(others[-1]) + 1 if len(others) else 0)
        steady = f"for {looks} epochs, now {100 * table.confidences[index]:.0f} %"
        if unbacked:
            return [
                f"label suspect: annotators did not back it, the network contradicts it {steady}",
                f"label suspect: not backed, contradicted {steady}",
                "label suspect, and not backed",
            ]
        return [
            f"label suspect: the network has contradicted the label {steady}",
            f"label suspect: contradicted {steady}",
            "label suspect",
        ]


def square(image: NDArray[Any], side: int) -> NDArray[Any]:
    """(pixels,) as (side, side)."""
    return image.reshape(side, side)
