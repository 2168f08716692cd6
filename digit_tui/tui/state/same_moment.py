"""Several evaluations of one moment: commands there changed the weights at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

Commands = Sequence[Hashable]
"""What tells the commands apart that were given at a moment, in their order."""


class SameMoment:
    """The accuracies that were measured at one epoch, one after the other.

    A chart has the last one; the others count as well, as long as they are not undone.
    """

    def __init__(self) -> None:
        self._found: dict[float, list[tuple[Commands, float]]] = {}
        self._latest: float | None = None

    def add(self, epoch: float, commands: Commands, accuracy: float) -> None:
        """Add an evaluation.

        Args:
            epoch: of it.
            commands: that had been given at that epoch.
            accuracy: measured, as a fraction.
        """
        if self._latest not in (None, epoch) and len(self._found[self._latest]) < 2:
            del self._found[self._latest]  # the chart has it
        self._latest = epoch
        found = self._found.setdefault(epoch, [])
        if not found or found[-1] != (commands, accuracy):
            found.append((commands, accuracy))

    def __iter__(self) -> Iterator[float]:
        """The epochs with more than one."""
        return (epoch for epoch, found in self._found.items() if len(found) > 1)

    def highest(self, epoch: float, commands: Commands) -> float:
        """The highest accuracy at an epoch of those that are not undone; 0 if all are.

        Args:
            epoch: of them.
            commands: that are in force at that epoch.
        """
        found = self._found[epoch]
        return max((y for given, y in found if commands[: len(given)] == given), default=0.0)
