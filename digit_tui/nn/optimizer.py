"""An optimizer at work on one network, in one thread; a run has workers instead."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.network import Allocate, Network
from digit_tui.nn.optimizers import (
    LINE,
    LONGEST_BLOCK,
    RULES,
    HiddenMatrix,
    Hyperparameters,
    Scalars,
    cut,
    matrices_of,
    update,
)

Array = NDArray[Any]


class Optimizer:
    """A rule, with a memory of its own."""

    def __init__(
        self,
        name: str,
        network: Network,
        gradient: Array,
        weight_decay: float = 0.0,
        removed: Array | None = None,
        allocate: Allocate = np.zeros,
    ) -> None:
        """Begin with an empty memory.

        Args:
            name: a name in `RULES`.
            network: whose parameters it moves.
            gradient: (parameters,) where the gradient is at each step; it is overwritten.
            weight_decay: strength of the pull towards zero.
            removed: (parameters,) bool, parameters that are 0 and stay so; they have no gradient.
            allocate: makes its arrays.
        """
        parameters = network.parameters
        count, dtype = len(parameters), parameters.dtype
        self._rule = rule = RULES[name]
        # Each row starts on a cache line, as the rows of a run do.
        self._slots = allocate((rule.slots, -(-count // LINE) * LINE), dtype)[:, :count]
        self._steps = 0
        self._scalars: Scalars = ()
        scratch = allocate((LONGEST_BLOCK,), dtype)
        places = matrices_of(rule, network.sizes)
        self._blocks = cut(parameters, gradient, self._slots, scratch, places)
        kept = None if removed is None else ~removed
        self._matrices = HiddenMatrix.all_of(rule, network.sizes, gradient, kept)
        self._hyper = Hyperparameters(weight_decay=weight_decay)

    def remember(self, slots: Array, steps: int, scalars: Scalars) -> None:
        """Go on with the memory of another one.

        Args:
            slots: (slots, parameters); may be (0, parameters) while they are all zeros.
            steps: how many steps it remembers.
            scalars: its scalars.
        """
        self._slots[: len(slots)] = slots
        self._steps, self._scalars = steps, scalars

    def step(self, learning_rate: float) -> None:
        """Move the parameters by one step."""
        self._steps += 1
        self._scalars = update(
            self._rule,
            self._blocks,
            self._steps,
            learning_rate,
            self._hyper,
            self._scalars,
            self._matrices,
        )
