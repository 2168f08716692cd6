"""What an update rule is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Hyperparameters:
    """What a rule needs beside the learning rate. The defaults are the papers' and PyTorch's."""

    momentum: float = 0.9
    """Share of the velocity that is kept (momentum, nesterov)."""
    decay: float = 0.99
    """Share of the running mean square that is kept (rmsprop)."""
    beta1: float = 0.9
    """Share of the running mean that is kept (all with Adam's mean); its share in lion's step."""
    beta2: float = 0.999
    """Share of the running mean square that is kept (all with Adam's)."""
    muon_momentum: float = 0.95
    """Share of the velocity that is kept (muon)."""
    lion_beta2: float = 0.99
    """Share of the running mean that is kept (lion)."""
    epsilon: float = 1e-8
    """Added to a root before dividing by it."""
    weight_decay: float = 0.0
    """Strength of the pull towards zero."""


class Block(NamedTuple):
    """A piece of the flat vectors, and room to compute in."""

    parameters: Array
    """(n,)"""
    gradients: Array
    """(n,) may be overwritten."""
    slots: Array
    """(slots, n) the rule's memory, zeros before its first step."""
    scratch: Array
    """(n,)"""
    scale: float = 0.0
    """Of the weight matrix that it is a piece of, see `MatrixPlace`; 0 if it is of none."""


Scalars = tuple[float, ...]
"""Single numbers that a rule remembers beside its slots."""


class StepNumbers(NamedTuple):
    """What is the same for all blocks of a step."""

    step: int
    """How many steps the rule has made, this one included (1, 2, ...)."""
    learning_rate: float
    hyper: Hyperparameters
    scalars: Scalars
    """The rule's, after this step's `UpdateRule.advance`."""


Sums = tuple[float, ...]
"""Sums over parameters."""
MOST_SUMS = 2
"""That a rule needs."""

Step = Callable[[Block, StepNumbers], None]
Measure = Callable[[Block, StepNumbers], Sums]
Orthogonalise = Callable[[Array, StepNumbers], None]
Advance = Callable[[StepNumbers, Sums], Scalars]


@dataclass(frozen=True)
class UpdateRule:
    """One optimizer: its mathematics and what a caller must know of it."""

    step: Step
    """Moves the parameters of a block."""
    slots: int
    """How many vectors of memory it keeps, each as long as the parameters."""
    learning_rate: float
    """A rate that works for the networks here, where the user names none."""
    decoupled_decay: bool = False
    """Weight decay acts on the parameters (Loshchilov and Hutter 2019, arXiv:1711.05101)
    instead of being added to the gradient."""
    decays: bool = False
    """Whether `step` sees to the weight decay itself."""
    points: int = 0
    """How many slots, the last ones, are points among the parameters: they begin where these are,
    and move with them when something else than the rule moves these."""
    evaluated: int | None = None
    """The slot that has the weights to evaluate, if those that are trained are not meant for it."""
    scalars: Scalars = ()
    """Those before its first step."""
    measure: Measure | None = None
    """Goes over all blocks before `step` does, with the scalars of the step before; the sums over
    each block's parameters are added up."""
    orthogonalise: Orthogonalise | None = None
    """Works on a whole weight matrix in the place of its gradient, when `measure` has gone over all
    blocks; these are pieces of one matrix, or of none."""
    advance: Advance | None = None
    """The scalars of a step, from those of the step before it and the sums over all parameters."""
    step_size: int | None = None
    """The scalar that the learning rate is multiplied by, if the rule finds one."""
