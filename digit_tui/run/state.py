"""The state of a run between two steps: all that the next step depends on."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import RunConfig
from digit_tui.nn import (
    RULES,
    Network,
    PredictionHistory,
    parameters_of_units,
    smallest_weights,
)
from digit_tui.nn.network import Allocate, parameter_count
from digit_tui.nn.optimizers import LINE, Scalars
from digit_tui.run.commands import Lineage
from digit_tui.run.random_streams import stream
from digit_tui.run.removal import Removed
from digit_tui.run.settings import Settings

Array = NDArray[Any]


@dataclass(eq=False)
class Tally:
    """Sums over the steps of the current epoch."""

    steps: int = 0
    images: int = 0
    loss: float = 0.0
    """Sum over the images, in nats."""
    correct: int = 0
    gradient_norm: float = 0.0
    clipped: int = 0
    seconds: float = 0.0


class Vectors(NamedTuple):
    """The large arrays of a state. They are allocated once for the whole run."""

    parameters: Array
    """(n,) float32, the network's weights and biases."""
    average: Array | None
    """(n,) float32, their exponential average, if the run keeps one."""
    slots: Array
    """(most slots of any rule, n) float32, space for the optimizer's slots."""

    def evaluated(self, slot: int | None) -> Array:
        """(n,) the weights to evaluate: the average if there is one, else the parameters.

        Args:
            slot: the optimizer's slot that has them instead; None if it has them not.
        """
        if slot is not None:
            own: Array = self.slots[slot]
            return own
        return self.parameters if self.average is None else self.average

    @classmethod
    def make(cls, sizes: Sequence[int], average: bool, allocate: Allocate) -> Vectors:
        """Allocate the arrays for a network with these layer widths."""
        count = parameter_count(sizes)
        most = max(rule.slots for rule in RULES.values())
        # Each row starts on a cache line, which makes passes over it faster.
        length = -(-count // LINE) * LINE
        return cls(
            allocate((count,), np.float32),
            allocate((count,), np.float32) if average else None,
            allocate((most, length), np.float32)[:, :count],
        )

    @classmethod
    def like(cls, other: Vectors) -> Vectors:
        """Allocate arrays of the same sizes; what is in them is undefined."""
        parameters, average, slots = other
        return cls(
            np.empty_like(parameters),
            None if average is None else np.empty_like(average),
            np.empty_like(slots),
        )


@dataclass(eq=False)
class RunState:
    """The state: arrays, settings and counters."""

    vectors: Vectors
    settings: Settings
    slot_steps: int = 0
    """Steps since the slots were last reset to zero."""
    scalars: Scalars = ()
    """What the optimizer remembers beside its slots; empty before the first of these steps."""
    step: int = 0
    """Steps since the run began."""
    epoch: int = 0
    """Completed epochs."""
    cursor: int = 0
    """Training images already used in the current epoch."""
    tally: Tally = field(default_factory=Tally)
    lineage: Lineage = ()
    """The applied commands that led to this state."""
    history: PredictionHistory = field(default_factory=PredictionHistory)
    """The predictions at the end of each epoch that led to this state."""
    removed: Removed | None = None
    """What is removed from the network; None if no unit is off and no weight is pruned."""

    @property
    def parameters(self) -> Array:
        """(n,) float32, the network's weights and biases."""
        return self.vectors.parameters

    @property
    def average(self) -> Array | None:
        """(n,) float32, their exponential average, if the run keeps one."""
        return self.vectors.average

    @property
    def evaluated_slot(self) -> int | None:
        """The optimizer's slot that has the weights to evaluate; None if it has them not."""
        return RULES[self.settings.optimizer].evaluated if self.slot_steps else None

    @property
    def evaluated(self) -> Array:
        """(n,) float32, the weights to evaluate; see `Vectors.evaluated`."""
        return self.vectors.evaluated(self.evaluated_slot)

    @property
    def averaged(self) -> bool:
        """Whether the weights to evaluate are an average of those that training goes on with."""
        return self.average is not None or self.evaluated_slot is not None

    @property
    def rate_factor(self) -> float | None:
        """What the optimizer multiplies the learning rate by; None if it finds no such factor."""
        factor = RULES[self.settings.optimizer].step_size
        return None if factor is None or not self.scalars else self.scalars[factor]

    @property
    def points(self) -> Array:
        """(points, n) float32, slots that are points among the parameters; see `UpdateRule`.

        There are none before the optimizer's first step, where they begin.
        """
        slots = self.kept_slots
        return slots[max(len(slots) - RULES[self.settings.optimizer].points, 0) :]

    @property
    def slots(self) -> Array:
        """(slots, n) float32, the slots that the current optimizer uses."""
        return self.vectors.slots[: RULES[self.settings.optimizer].slots]

    @property
    def kept_slots(self) -> Array:
        """The slots that a copy needs: none while they are still zeros."""
        return self.slots if self.slot_steps else self.slots[:0]

    def copy(self, into: Vectors | None = None) -> RunState:
        """An independent copy of this state.

        Args:
            into: vectors of the same sizes to copy into; None allocates new ones.
        """
        slots = self.kept_slots
        if into is None:
            average = None if self.average is None else _in_own_pages(self.average)
            vectors = Vectors(_in_own_pages(self.parameters), average, _in_own_pages(slots))
        else:
            vectors = Vectors(into.parameters, into.average, into.slots[: len(slots)])
            vectors.parameters[:] = self.parameters
            if vectors.average is not None:
                vectors.average[:] = self.average
            vectors.slots[:] = slots
        return replace(self, vectors=vectors, tally=replace(self.tally))

    def become(self, other: RunState) -> None:
        """Take over another state, copied into this one's vectors."""
        self.parameters[:] = other.parameters
        if self.average is not None:
            self.average[:] = other.average
        self.settings = other.settings
        self.fresh_slots()
        self.vectors.slots[: len(other.kept_slots)] = other.kept_slots
        self.slot_steps, self.scalars = other.slot_steps, other.scalars
        self.step, self.epoch, self.cursor = other.step, other.epoch, other.cursor
        self.tally = replace(other.tally)
        self.lineage = other.lineage
        self.history = other.history
        self.removed = other.removed

    @property
    def weights_sha256(self) -> str:
        """Hex SHA-256 of the bytes of the weights and, if it is an average, of those evaluated."""
        digest = hashlib.sha256(np.ascontiguousarray(self.parameters).data)
        if self.averaged:
            digest.update(np.ascontiguousarray(self.evaluated).data)
        return digest.hexdigest()

    @classmethod
    def begin(
        cls,
        config: RunConfig,
        sizes: Sequence[int],
        vectors: Vectors,
        initial: Array | None = None,
    ) -> RunState:
        """The state before the first step.

        Args:
            config: the run's.
            sizes: layer widths, inputs first, classes last.
            vectors: zeros, which become the state's arrays.
            initial: (n,) float32, the weights; None draws them from the seed.
        """
        if initial is None:
            Network(sizes, vectors.parameters).initialize(stream(config.seed, "weights"))
        else:
            vectors.parameters[:] = initial
        if vectors.average is not None:
            vectors.average[:] = vectors.parameters
        return cls(vectors, Settings.of(config))

    def end_epoch(self) -> Tally:
        """Start the next epoch; returns the sums over the one that ended."""
        ended, self.tally = self.tally, Tally()
        self.epoch += 1
        self.cursor = 0
        return ended

    def change_removed(self, settings: Settings, sizes: Sequence[int]) -> None:
        """Take over which units are off and what share of the weights is pruned.

        The weights to prune are chosen by the values that they have with nothing removed, so that
        it does not matter which commands came before.

        Args:
            settings: the new ones; those in force are still the old.
            sizes: layer widths, inputs first, classes last.
        """
        before, self.removed = self.removed, None
        if before is not None:
            before.put_back(self.parameters, self.average)
            self.points[:, before.mask] = self.parameters[before.mask]
        pruned = None
        if settings.pruned:
            pruned = None if before is None else before.pruned
            if settings.pruned != self.settings.pruned:
                pruned = smallest_weights(self.parameters, sizes, settings.pruned)
        if settings.pruned or settings.switched_off:
            of_units = parameters_of_units(sizes, settings.switched_off)
            self.removed = Removed.take(pruned, of_units, self.parameters, self.average, self.slots)

    def fresh_slots(self) -> None:
        """Reset the slots of the optimizer in force to zero: it starts now."""
        self.slots[:] = 0
        self.slot_steps, self.scalars = 0, ()


def _in_own_pages(array: Array) -> Array:
    """A copy in pages of its own, which the system has back as soon as the copy is dropped.

    Copies come and go for hours. Among other objects they would leave holes, of a quarter more
    memory than they take.
    """
    private = {"flags": mmap.MAP_PRIVATE} if hasattr(mmap, "MAP_PRIVATE") else {}  # not on Windows
    pages = mmap.mmap(-1, max(array.nbytes, 1), **private)
    copy = np.frombuffer(pages, array.dtype, array.size).reshape(array.shape)
    copy[...] = array
    return copy
