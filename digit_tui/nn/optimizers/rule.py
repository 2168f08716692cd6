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
    """Share of the running mean that is kept (adam, adamw); its share in lion's step."""
    beta2: float = 0.999
    """Share of the running mean square that is kept (adam, adamw)."""
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


Step = Callable[[Block, int, float, Hyperparameters], None]
"""(block, step, learning_rate, hyperparameters); `step` counts from 1."""


@dataclass(frozen=True)
class UpdateRule:
    """One optimizer: its mathematics and what a caller must know of it."""

    step: Step
    slots: int
    """How many vectors of memory it keeps, each as long as the parameters."""
    learning_rate: float
    """A rate that works for the networks here, where the user names none."""
    decoupled_decay: bool = False
    """Weight decay acts on the parameters (Loshchilov and Hutter 2019, arXiv:1711.05101)
    instead of being added to the gradient."""
