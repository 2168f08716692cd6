"""Update rules: how a gradient moves the parameters.

A rule is a few lines of its paper's mathematics on a block of the flat vectors, in place. One
driver, `update`, runs any rule over blocks small enough for the cache.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from math import fsum

import numpy as np

from digit_tui.nn.optimizers.adaptive import adam, rmsprop
from digit_tui.nn.optimizers.descent import momentum, nesterov, sgd
from digit_tui.nn.optimizers.lion import lion
from digit_tui.nn.optimizers.prodigy import START, estimate, measure, prodigy
from digit_tui.nn.optimizers.rule import (
    Array,
    Block,
    Hyperparameters,
    Scalars,
    StepNumbers,
    Sums,
    UpdateRule,
)
from digit_tui.nn.optimizers.schedule_free import schedule_free, weigh
from digit_tui.nn.sharding import split_range

__all__ = [
    "BLOCK",
    "LINE",
    "LONGEST_BLOCK",
    "RULES",
    "Block",
    "Hyperparameters",
    "Scalars",
    "UpdateRule",
    "cut",
    "update",
    "update_share",
]

BLOCK = 65_536
"""Parameters in a block. The passes over one stay in the second cache; smaller blocks cost more in
calls than they save in cache misses (measured from 8,192 to 131,072)."""
LINE = 16
"""float32 numbers in a cache line. No two blocks share one."""
LONGEST_BLOCK = BLOCK + BLOCK // 2 + LINE
"""The longest block that `cut` can make, whose blocks are equal and about as long as BLOCK."""

NEGLIGIBLE = 1e-30
"""Numbers of a rule's memory that are nearer to zero than this move no parameter; in Lion, which
takes their sign, they are of parameters that had no gradient for thousands of steps. They are set
to zero before they decay to denormal numbers, which make arithmetic a hundred times slower, ..."""
TIDY_STEPS = 128
"""... after each so many steps: what decays by a tenth a step takes 175 from there to these."""


RULES: dict[str, UpdateRule] = {
    "sgd": UpdateRule(sgd, slots=0, learning_rate=0.1),
    "momentum": UpdateRule(momentum, slots=1, learning_rate=0.05),
    "nesterov": UpdateRule(nesterov, slots=1, learning_rate=0.05),
    "rmsprop": UpdateRule(rmsprop, slots=1, learning_rate=0.001),
    "adam": UpdateRule(adam, slots=2, learning_rate=0.001),
    "adamw": UpdateRule(adam, slots=2, learning_rate=0.001, decoupled_decay=True),
    "lion": UpdateRule(lion, slots=1, learning_rate=0.0001, decoupled_decay=True),
    "schedulefree": UpdateRule(
        schedule_free,
        slots=3,
        learning_rate=0.0025,
        decoupled_decay=True,
        decays=True,
        points=2,
        evaluated=2,
        scalars=(0.0, 0.0),
        advance=weigh,
    ),
    "prodigy": UpdateRule(
        prodigy,
        slots=4,
        learning_rate=1.0,
        decoupled_decay=True,
        decays=True,
        points=1,
        scalars=START,
        measure=measure,
        advance=estimate,
        step_size=0,
    ),
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
    scalars: Scalars = (),
) -> Scalars:
    """Move parameters by one step of a rule, block by block, in place.

    Args:
        rule: one of `RULES`.
        blocks: of the flat vectors, see `cut`; the gradients are overwritten.
        step: how many steps the rule has made, this one included (1, 2, ...).
        learning_rate: the rate of this step.
        hyper: the rule's other numbers.
        scalars: what the step before this one returned; empty before the first one.

    Returns:
        The rule's scalars after the step.
    """
    share = update_share(rule, blocks, step, learning_rate, hyper, scalars)
    try:
        sums = next(share)
        while True:
            sums = share.send(sums)
    except StopIteration as end:
        after: Scalars = end.value
        return after


def update_share(
    rule: UpdateRule,
    blocks: Sequence[Block],
    step: int,
    learning_rate: float,
    hyper: Hyperparameters,
    scalars: Scalars = (),
) -> Generator[Sums, Sums, Scalars]:
    """One worker's share of an update, of which others do the rest; see `update`.

    Yields:
        Sums over its parameters, where all must have come before any of them goes on; it is sent
        the same of all parameters.

    Returns:
        The rule's scalars after the step, the same for all.
    """
    numbers = StepNumbers(step, learning_rate, hyper, scalars or rule.scalars)
    if step == 1 and rule.points:
        for block in blocks:
            block.slots[-rule.points :] = block.parameters
    totals: Sums = ()
    if rule.measure is not None:
        measured = [rule.measure(block, numbers) for block in blocks]
        totals = yield tuple(map(fsum, zip(*measured, strict=True)))
    if rule.advance is not None:
        numbers = numbers._replace(scalars=rule.advance(numbers, totals))
    for block in blocks:
        parameters, gradients, slots, scratch = block
        if hyper.weight_decay and not rule.decays:
            if rule.decoupled_decay:
                parameters *= 1 - learning_rate * hyper.weight_decay
            else:
                np.multiply(parameters, hyper.weight_decay, out=scratch)
                gradients += scratch
        rule.step(block, numbers)
        if step % TIDY_STEPS == 0:
            slots[np.abs(slots) < NEGLIGIBLE] = 0
    return numbers.scalars
