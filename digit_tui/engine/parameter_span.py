"""The parameters that a worker updates, in one piece or two."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import UpdateRule, cut
from digit_tui.nn.clipping import sum_of_squares
from digit_tui.nn.optimizers import Block
from digit_tui.run.state import Vectors

Array = NDArray[Any]


class ParameterSpan(NamedTuple):
    """Consecutive parameters that one worker updates: views of the flat vectors, made once."""

    parameters: Array
    average: Array | None
    kept: Array
    """See WorkerPool."""
    gradient: Array
    slots: Array
    scratch: Array

    @classmethod
    def of(
        cls, vectors: Vectors, kept: Array, gradient: Array, own: slice, scratch: Array
    ) -> ParameterSpan:
        parameters, average, slots = vectors
        return cls(
            parameters[own],
            None if average is None else average[own],
            kept[own],
            gradient[own],
            slots[:, own],
            scratch,
        )

    def blocks(self, rule: UpdateRule) -> list[Block]:
        """What an update rule works on."""
        return cut(self.parameters, self.gradient, self.slots[: rule.slots], self.scratch)

    def keep(self) -> float:
        """Leave removed parameters out of the gradient; returns the sum of squares of the rest."""
        np.multiply(self.gradient, self.kept, out=self.gradient)
        return sum_of_squares(self.gradient)
