"""The digit that is chosen in the mistakes view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Dataset, in_nats
from digit_tui.insight.digit_table import DigitTable
from digit_tui.nn import Network


@dataclass(frozen=True, eq=False)
class SelectedDigit:
    """One digit, with the evaluation and the network that it is shown by."""

    dataset: Dataset
    images: NDArray[np.uint8]
    """(n, pixels) uint8, all images of the evaluated split."""
    table: DigitTable
    network: Network
    """Never written to."""
    epoch: float
    """The network's."""
    index: int
    """Of the digit in `images` and `table`."""

    @property
    def key(self) -> int:
        """What tells it from other digits."""
        return self.index

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
        """The class to compare the prediction with: the true one, or if right the runner-up."""
        if self.predicted != self.true:
            return self.true
        first, second = self.table.evaluation.probabilities[self.index].argsort()[-2:]
        return int(first if second == self.predicted else second)

    def heading(self, width: int) -> str:
        """Which digit it is, and doubts about its label, in as many words as fit."""
        loss = self.table.evaluation.losses[self.index]
        name = f"#{self.index}  {self.true} → {self.predicted}  loss {in_nats(loss, 2)}"
        if self.table.members is not None:
            answers = " ".join(map(str, self.table.members[:, self.index]))
            name = f"{name}  members {answers}"
        choices = [*(f"{name}  {notice}".rstrip() for notice in self._notices()), name]
        return next((text for text in choices if len(text) <= width), choices[-1])

    def _notices(self) -> list[str]:
        """What casts doubt on the label, or "": the longest wording first."""
        table, index = self.table, self.index
        unbacked = bool(table.unbacked[index])
        if not table.suspects[index]:
            return ["annotators did not back this label"] if unbacked else [""]
        predictions = table.history.predictions_of(index)
        others = np.flatnonzero(predictions != predictions[-1])
        epochs = len(predictions) - (int(others[-1]) + 1 if len(others) else 0)
        steady = f"for {epochs} epochs, now {100 * table.confidences[index]:.0f}%"
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
