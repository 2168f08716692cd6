"""Update rules: how a gradient moves the parameters.

A rule is a few lines of its paper's mathematics on a block of the flat vectors, in place. One
driver, `update`, runs any rule over blocks small enough for the cache. Conventions are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.sharding import split_range

Array = NDArray[Any]

BLOCK = 65_536
"""Parameters in a block. The passes over one stay in the second cache; smaller blocks cost more in
calls than they save in cache misses (measured from 8,192 to 131,072)."""
LINE = 16
"""float32 numbers in a cache line. No two blocks share one."""
LONGEST_BLOCK = BLOCK + BLOCK // 2 + LINE
"""The longest block that `cut` can make, whose blocks are equal and about as long as BLOCK."""

NEGLIGIBLE = 1e-30
"""Numbers of a rule's memory that are nearer to zero than this move no parameter. They are set to
zero before they decay to denormal numbers, which make arithmetic a hundred times slower, ..."""
TIDY_STEPS = 128
"""... after each so many steps: what decays by a tenth a step takes 175 from there to these."""


@dataclass(frozen=True)
class Hyperparameters:
    """What a rule needs beside the learning rate. The defaults are the papers' and PyTorch's."""

    momentum: float = 0.9
    """Share of the velocity that is kept (momentum, nesterov)."""
    decay: float = 0.99
    """Share of the running mean square that is kept (rmsprop)."""
    beta1: float = 0.9
    """Share of the running mean that is kept (adam, adamw)."""
    beta2: float = 0.999
    """Share of the running mean square that is kept (adam, adamw)."""
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


def sgd(block: Block, step: int, learning_rate: float, hyper: Hyperparameters) -> None:
    """Stochastic gradient descent: p -= lr g."""
    parameters, gradients, _, scratch = block
    np.multiply(gradients, learning_rate, out=scratch)
    parameters -= scratch


def momentum(block: Block, step: int, learning_rate: float, hyper: Hyperparameters) -> None:
    """Heavy ball (Polyak 1964), undamped: v = mu v + g; p -= lr v."""
    parameters, gradients, (velocity,), scratch = block
    velocity *= hyper.momentum
    velocity += gradients
    np.multiply(velocity, learning_rate, out=scratch)
    parameters -= scratch


def nesterov(block: Block, step: int, learning_rate: float, hyper: Hyperparameters) -> None:
    """Nesterov's momentum after Sutskever et al. (2013): v = mu v + g; p -= lr (g + mu v)."""
    parameters, gradients, (velocity,), scratch = block
    velocity *= hyper.momentum
    velocity += gradients
    np.multiply(velocity, hyper.momentum, out=scratch)
    scratch += gradients
    scratch *= learning_rate
    parameters -= scratch


def rmsprop(block: Block, step: int, learning_rate: float, hyper: Hyperparameters) -> None:
    """RMSProp (Tieleman and Hinton 2012).

    s = rho s + (1 - rho) g^2; p -= lr g / (sqrt(s) + eps)

    The slot is kept without the factor, S = s / (1 - rho), which saves a pass: with
    c = sqrt(1 - rho), p -= (lr / c) g / (sqrt(S) + eps / c).
    """
    parameters, gradients, (mean_square,), scratch = block
    scale = sqrt(1 - hyper.decay)
    mean_square *= hyper.decay
    np.square(gradients, out=scratch)
    mean_square += scratch
    _descend(parameters, gradients, mean_square, learning_rate, hyper.epsilon, scale, scratch)


def adam(block: Block, step: int, learning_rate: float, hyper: Hyperparameters) -> None:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980), algorithm 1.

    m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
    p -= lr m_hat / (sqrt(v_hat) + eps), where m_hat = m / (1 - beta1^t), v_hat = v / (1 - beta2^t)

    The slots are kept without their factors, M = m / (1 - beta1) and V = v / (1 - beta2), and these
    and the corrections are folded into the rate and epsilon, which saves four passes: with
    c = sqrt((1 - beta2) / (1 - beta2^t)),
    p -= (lr / c) (1 - beta1) / (1 - beta1^t) M / (sqrt(V) + eps / c).
    """
    parameters, gradients, (mean, mean_square), _ = block
    scale = sqrt((1 - hyper.beta2) / (1 - hyper.beta2**step))
    rate = learning_rate * (1 - hyper.beta1) / (1 - hyper.beta1**step)
    mean *= hyper.beta1
    mean += gradients
    mean_square *= hyper.beta2
    np.square(gradients, out=gradients)  # spent, and nearer than scratch
    mean_square += gradients
    _descend(parameters, mean, mean_square, rate, hyper.epsilon, scale, gradients)


def _descend(
    parameters: Array,
    direction: Array,
    mean_square: Array,
    rate: float,
    epsilon: float,
    scale: float,
    scratch: Array,
) -> None:
    """p -= rate direction / (scale sqrt(mean_square) + epsilon), in one division."""
    np.sqrt(mean_square, out=scratch)
    scratch += epsilon / scale
    np.divide(direction, scratch, out=scratch)
    scratch *= rate / scale
    parameters -= scratch


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


RULES: dict[str, UpdateRule] = {
    "sgd": UpdateRule(sgd, slots=0, learning_rate=0.1),
    "momentum": UpdateRule(momentum, slots=1, learning_rate=0.05),
    "nesterov": UpdateRule(nesterov, slots=1, learning_rate=0.05),
    "rmsprop": UpdateRule(rmsprop, slots=1, learning_rate=0.001),
    "adam": UpdateRule(adam, slots=2, learning_rate=0.001),
    "adamw": UpdateRule(adam, slots=2, learning_rate=0.001, decoupled_decay=True),
}
"""The optimizers by name."""


def cut(parameters: Array, gradients: Array, slots: Array, scratch: Array) -> list[Block]:
    """Cut flat vectors into equal blocks for `update`, each about BLOCK long.

    Args:
        parameters: (n,)
        gradients: (n,)
        slots: (slots, n) of a rule.
        scratch: (at least min(n, LONGEST_BLOCK),) room to compute in.
    """
    count = max(round(len(parameters) / BLOCK), 1)
    lines = -(-len(parameters) // LINE)
    blocks = []
    for number in range(count):
        own = split_range(lines, number, count)
        own = slice(own.start * LINE, min(own.stop * LINE, len(parameters)))
        room = scratch[: own.stop - own.start]
        blocks.append(Block(parameters[own], gradients[own], slots[:, own], room))
    return blocks


def update(
    rule: UpdateRule,
    blocks: Sequence[Block],
    step: int,
    learning_rate: float,
    hyper: Hyperparameters,
) -> None:
    """Move parameters by one step of a rule, block by block, in place.

    Args:
        rule: one of `RULES`.
        blocks: of the flat vectors, see `cut`; the gradients are overwritten.
        step: how many steps the rule has made, this one included (1, 2, ...).
        learning_rate: the rate of this step.
        hyper: the rule's other numbers.
    """
    for block in blocks:
        parameters, gradients, slots, scratch = block
        if hyper.weight_decay and rule.decoupled_decay:
            parameters *= 1 - learning_rate * hyper.weight_decay
        elif hyper.weight_decay:
            np.multiply(parameters, hyper.weight_decay, out=scratch)
            gradients += scratch
        rule.step(block, step, learning_rate, hyper)
        if step % TIDY_STEPS == 0:
            slots[np.abs(slots) < NEGLIGIBLE] = 0
