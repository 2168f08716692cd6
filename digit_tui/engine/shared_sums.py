"""Numbers of the steps of a group, which each worker writes and all of them sum up."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.engine.step_group import COLUMNS, MAX_STEPS, PARTIAL_LOSS, UPDATE, StepSums
from digit_tui.nn.network import Allocate
from digit_tui.nn.optimizers import Scalars
from digit_tui.nn.optimizers.rule import Sums

Array = NDArray[Any]


class SharedSums:
    """One worker's view of them.

    Attributes:
        array: (MAX_STEPS, workers, COLUMNS) float64, shared by the workers.
        values: the same; single numbers are read faster from this.
    """

    def __init__(self, allocate: Allocate, workers: int, index: int) -> None:
        """Allocate what is shared.

        Args:
            allocate: makes arrays that the workers share.
            workers: how many there are.
            index: which one this is.
        """
        self.array: Array = allocate((MAX_STEPS, workers, COLUMNS), np.float64)
        self.values: Any = self.array.data
        self._workers, self._index = workers, index

    def of_steps(self, steps: slice) -> list[StepSums]:
        """The sums over all workers, for steps of the last group."""
        return [
            StepSums(*each) for each in self.array[steps, :, :PARTIAL_LOSS].sum(axis=1).tolist()
        ]

    def total(self, number: int, column: int) -> float:
        """The sum over all workers, in their order: not by `sum`, which rounds differently from
        Python 3.12 on."""
        total = 0.0
        for index in range(self._workers):
            total += self.values[number, index, column]
        return total

    def share(
        self, number: int, share: Generator[Sums, Sums, Scalars]
    ) -> Generator[None, None, Scalars]:
        """Do this worker's share of an update, which is sent the totals of what it yields.

        Args:
            number: index of the step in the group.
            share: see `update_share`.

        Yields:
            Where all workers must have come before any of them goes on.
        """
        try:
            sums = next(share)
            while True:
                for column, value in enumerate(sums, UPDATE):
                    self.values[number, self._index, column] = value
                yield
                columns = range(UPDATE, UPDATE + len(sums))
                sums = share.send(tuple(self.total(number, column) for column in columns))
        except StopIteration as end:
            scalars: Scalars = end.value
            return scalars
