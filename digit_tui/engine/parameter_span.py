"""The parameters that a worker updates, in one piece or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import UpdateRule, cut
from digit_tui.nn.clipping import sum_of_squares
from digit_tui.nn.optimizers import Block, matrices_of
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
    start: int
    """Where it is in the whole vectors."""

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
            own.start,
        )

    def blocks(self, rule: UpdateRule, sizes: Sequence[int]) -> list[Block]:
        """What an update rule works on, in a network with these layer widths."""
        slots, places = self.slots[: rule.slots], matrices_of(rule, sizes)
        return cut(self.parameters, self.gradient, slots, self.scratch, places, self.start)

    def keep(self) -> float:
        """Leave removed parameters out of the gradient; returns the sum of squares of the rest."""
        np.multiply(self.gradient, self.kept, out=self.gradient)
        return sum_of_squares(self.gradient)
