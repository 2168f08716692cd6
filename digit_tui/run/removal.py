"""Parameters that are removed while units are switched off or weights are pruned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Removed:
    """Parameters that are 0 and stay so, and what they were before.

    It is immutable, so that copies of a state can share it.
    """

    pruned: Array | None
    """(n,) bool, the weights that are pruned; None if none are to be."""
    mask: Array
    """(n,) bool, all that is removed: these, and the parameters of units that are off."""
    values: Array
    """(removed,) float32, what they were, in the order of the mask."""
    average: Array | None
    """(removed,) float32, what their average was, if the run keeps one."""

    @property
    def size(self) -> int:
        """Bytes."""
        arrays = (self.pruned, self.mask, self.values, self.average)
        return sum(array.nbytes for array in arrays if array is not None)

    @classmethod
    def take(
        cls,
        pruned: Array | None,
        of_units: Array,
        parameters: Array,
        average: Array | None,
        slots: Array,
    ) -> Removed:
        """Remove parameters: set them, their average and their slots to 0, in place.

        Args:
            pruned: (n,) bool, weights to be pruned.
            of_units: (n,) bool, the parameters of units that are off.
            parameters: (n,)
            average: (n,)
            slots: (slots, n)
        """
        mask = of_units if pruned is None else of_units | pruned
        values = parameters[mask]
        average_values = None if average is None else average[mask]
        parameters[mask] = 0
        slots[:, mask] = 0
        if average is not None:
            average[mask] = 0
        return cls(pruned, mask, values, average_values)

    def put_back(self, parameters: Array, average: Array | None) -> None:
        """Give the parameters (n,) and their average (n,) what was taken; slots begin at 0."""
        parameters[self.mask] = self.values
        if average is not None and self.average is not None:
            average[self.mask] = self.average
