"""What a network predicted for the same images, evaluation after evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAX_EVALUATIONS = 1_024
"""A history keeps no more."""


class Change(NamedTuple):
    """How one evaluation differs from the one before; the first one differs in everything."""

    indices: Array
    """(m,) uint32, indices of the images whose prediction changed, ascending."""
    predictions: Array
    """(m,) uint8, what they are predicted to be now."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.indices.nbytes + self.predictions.nbytes


@dataclass(frozen=True, eq=False)
class PredictionHistory:
    """The predictions at the end of each epoch.

    It keeps the changes alone: late in a run one image in a hundred changes from epoch to epoch.
    When there are too many evaluations every other one is dropped, and from then on only every
    second epoch, every fourth, and so on, is added. A history is immutable, so that copies of a
    state can share it.
    """

    epochs: tuple[int, ...] = ()
    """Completed epochs at each evaluation, ascending."""
    changes: tuple[Change, ...] = ()
    latest: Array | None = None
    """(n,) uint8, the predictions at the last evaluation; None before the first."""
    stride: int = 1
    """Epochs that are multiples of it are kept."""

    def __len__(self) -> int:
        """The number of evaluations."""
        return len(self.epochs)

    def add(self, epoch: int, predictions: Array) -> PredictionHistory:
        """A history with one more evaluation; this one, if the epoch is in it or not to be kept.

        Args:
            epoch: completed epochs by now.
            predictions: (n,) classes below 256.
        """
        if epoch % self.stride or (self.epochs and epoch <= self.epochs[-1]):
            return self
        if len(self) == MAX_EVALUATIONS:
            return self._thinned().add(epoch, predictions)
        latest = predictions.astype(np.uint8)
        everything = np.ones(len(latest), bool)
        changed = everything if self.latest is None else latest != self.latest
        change = Change(np.flatnonzero(changed).astype(np.uint32), latest[changed])
        return replace(
            self,
            epochs=(*self.epochs, epoch),
            changes=(*self.changes, change),
            latest=latest,
        )

    def _thinned(self) -> PredictionHistory:
        """A history with every other evaluation."""
        history = PredictionHistory(stride=2 * self.stride)
        for epoch, predictions in self.walk():
            history = history.add(epoch, predictions)
        return history

    def walk(self) -> Iterator[tuple[int, Array]]:
        """The epoch and predictions (n,) uint8 of each evaluation, in an array that is reused."""
        predictions: Array = np.empty(0, np.uint8)
        for epoch, change in zip(self.epochs, self.changes, strict=True):
            if len(predictions):
                predictions[change.indices] = change.predictions
            else:
                predictions = change.predictions.copy()
            yield epoch, predictions

    def predictions_of(self, index: int) -> Array:
        """(evaluations,) uint8, what one image was predicted to be at each evaluation."""
        own = np.empty(len(self), np.uint8)
        for number, change in enumerate(self.changes):
            place = int(np.searchsorted(change.indices, index))
            changed = place < len(change.indices) and change.indices[place] == index
            own[number] = change.predictions[place] if changed else own[number - 1]
        return own

    def to_arrays(self) -> dict[str, Array]:
        """The history as a few arrays, for a file."""
        none = Change(np.empty(0, np.uint32), np.empty(0, np.uint8))
        indices, predictions = zip(none, *self.changes, strict=True)
        return {
            "stride": np.array(self.stride),
            "epochs": np.array(self.epochs, np.int64),
            "counts": np.array([len(change.indices) for change in self.changes], np.int64),
            "digits": np.concatenate(indices),
            "predictions": np.concatenate(predictions),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> PredictionHistory:
        """The inverse of `to_arrays`.

        Raises:
            KeyError: if one is missing.
            ValueError: if they do not fit each other.
        """
        indices, predictions = arrays["digits"], arrays["predictions"]
        ends = np.cumsum(arrays["counts"])
        if len(arrays["epochs"]) != len(ends) or not (
            len(indices) == len(predictions) == (ends[-1] if len(ends) else 0)
        ):
            raise ValueError("the history of predictions does not fit together")
        # Copies, as pieces of one array would keep all of it in memory.
        changes = tuple(
            Change(indices[end - count : end].copy(), predictions[end - count : end].copy())
            for count, end in zip(arrays["counts"], ends, strict=True)
        )
        epochs = tuple(int(epoch) for epoch in arrays["epochs"])
        history = cls(epochs, changes, stride=int(arrays["stride"]))
        *_, latest = (None, *(predictions for _, predictions in history.walk()))
        return replace(history, latest=latest)
