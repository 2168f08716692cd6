"""Update rules: how a gradient moves the parameters.

A rule is a few lines of its paper's mathematics on a block of the flat vectors, in place. One
driver, `update`, runs any rule over blocks small enough for the cache.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import pairwise
from math import fsum
from typing import NamedTuple

import numpy as np

from digit_tui.nn.optimizers.adaptive import adam, rmsprop
from digit_tui.nn.optimizers.descent import momentum, nesterov, sgd
from digit_tui.nn.optimizers.lion import lion
from digit_tui.nn.optimizers.muon import (
    MatrixPlace,
    hidden_matrices,
    look_ahead,
    muon,
    orthogonalise_momentum,
)
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
    "HiddenMatrix",
    "Hyperparameters",
    "Scalars",
    "UpdateRule",
    "cut",
    "matrices_of",
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
    "lion": UpdateRule(lion, slots=1, learning_rate=0.0003, decoupled_decay=True),
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
    "muon": UpdateRule(
        muon,
        slots=2,
        learning_rate=0.02,
        decoupled_decay=True,
        decays=True,
        measure=look_ahead,
        orthogonalise=orthogonalise_momentum,
    ),
}
"""The optimizers by name."""


class HiddenMatrix(NamedTuple):
    """A weight matrix that one worker orthogonalises for all."""

    gradient: Array
    """(fan_in, fan_out) of the whole gradient."""
    kept: Array | None
    """(fan_in, fan_out) 0 for weights that are removed, 1 for others; None if none is."""

    @classmethod
    def all_of(
        cls, rule: UpdateRule, sizes: Sequence[int], gradient: Array, kept: Array | None
    ) -> list[HiddenMatrix]:
        """Those that a rule orthogonalises.

        Args:
            rule: one of `RULES`.
            sizes: layer widths, inputs first, classes last.
            gradient: (n,)
            kept: (n,)
        """
        return [
            cls(place.view(gradient), None if kept is None else place.view(kept))
            for place in matrices_of(rule, sizes)
        ]


def matrices_of(rule: UpdateRule, sizes: Sequence[int]) -> list[MatrixPlace]:
    """The weight matrices that a rule orthogonalises, of a network with these layer widths."""
    return [] if rule.orthogonalise is None else hidden_matrices(sizes)


def cut(
    parameters: Array,
    gradients: Array,
    slots: Array,
    scratch: Array,
    matrices: Sequence[MatrixPlace] = (),
    start: int = 0,
) -> list[Block]:
    """Cut flat vectors into equal blocks for `update`, each about BLOCK long.

    Args:
        parameters: (n,)
        gradients: (n,)
        slots: (slots, n) of a rule.
        scratch: (at least min(n, LONGEST_BLOCK),) room to compute in.
        matrices: where no block crosses an edge, for rules with `orthogonalise`.
        start: where these vectors begin in those that `matrices` are places of.
    """
    length = len(parameters)
    edges = [each - start for place in matrices for each in (place.start, place.stop)]
    inner = sorted(each for each in edges if 0 < each < length)
    blocks = []
    for low, high in pairwise([0, *inner, length]):
        around = [each for each in matrices if each.start <= start + low < each.stop]
        scale = around[0].scale if around else 0.0
        for own in _pieces(low, high):
            room = scratch[: own.stop - own.start]
            blocks.append(Block(parameters[own], gradients[own], slots[:, own], room, scale))
    return blocks


def _pieces(low: int, high: int) -> list[slice]:
    """A range cut into equal parts, each about BLOCK long."""
    count = max(round((high - low) / BLOCK), 1)
    lines = -(-(high - low) // LINE)
    parts = [split_range(lines, number, count) for number in range(count)]
    return [slice(low + part.start * LINE, min(low + part.stop * LINE, high)) for part in parts]


def update(
    rule: UpdateRule,
    blocks: Sequence[Block],
    step: int,
    learning_rate: float,
    hyper: Hyperparameters,
    scalars: Scalars = (),
    matrices: Sequence[HiddenMatrix] = (),
) -> Scalars:
    """Move parameters by one step of a rule, block by block, in place.

    Args:
        rule: one of `RULES`.
        blocks: of the flat vectors, see `cut`; the gradients are overwritten.
        step: how many steps the rule has made, this one included (1, 2, ...).
        learning_rate: the rate of this step.
        hyper: the rule's other numbers.
        scalars: what the step before this one returned; empty before the first one.
        matrices: those to orthogonalise, for rules that do.

    Returns:
        The rule's scalars after the step.
    """
    share = update_share(rule, blocks, step, learning_rate, hyper, scalars, matrices)
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
    matrices: Sequence[HiddenMatrix] = (),
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
    if rule.orthogonalise is not None:
        for matrix in matrices:
            rule.orthogonalise(matrix.gradient, numbers)
            if matrix.kept is not None:
                np.multiply(matrix.gradient, matrix.kept, out=matrix.gradient)
        yield ()
    if rule.advance is not None:
        numbers = numbers._replace(scalars=rule.advance(numbers, totals))
    for block in blocks:
        parameters, gradients, slots, scratch, _ = block
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
