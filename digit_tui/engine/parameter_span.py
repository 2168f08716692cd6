"""The parameters that a worker updates, in one piece or two."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import cut
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
    blocks: list[list[Block]]
    """For an update rule with no slots, with one, with two, ..."""

    @classmethod
    def of(
        cls, vectors: Vectors, kept: Array, gradient: Array, own: slice, scratch: Array
    ) -> ParameterSpan:
        parameters, average, slots = vectors
        parameters, gradient, slots = parameters[own], gradient[own], slots[:, own]
        counts = range(len(slots) + 1)
        return cls(
            parameters,
            None if average is None else average[own],
            kept[own],
            gradient,
            [cut(parameters, gradient, slots[:count], scratch) for count in counts],
        )

    def keep(self) -> float:
        """Leave removed parameters out of the gradient; returns the sum of squares of the rest."""
        np.multiply(self.gradient, self.kept, out=self.gradient)
        return sum_of_squares(self.gradient)
