"""The steps of a learning rate range test, on a copy of a network.

Smith (2017, arXiv:1506.01186), "Cyclical learning rates for training neural networks": a network is
trained for a few steps while the rate rises, and its loss tells which rates it learns at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import isfinite, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.aligned import aligned_zeros
from digit_tui.nn.augmentation import Deformation, deform, draw_deformation
from digit_tui.nn.clipping import clip, sum_of_squares
from digit_tui.nn.inputs import InputBuffer, Inputs
from digit_tui.nn.loss import Outcomes
from digit_tui.nn.metrics import evaluate
from digit_tui.nn.network import Network
from digit_tui.nn.optimizer import Optimizer
from digit_tui.nn.optimizers import Scalars
from digit_tui.nn.propagation import GradientPass
from digit_tui.nn.sharpness import ascend

Array = NDArray[Any]

TOGETHER = 2_048
"""Images that are deformed at once, unless a batch has more."""


class Tried(NamedTuple):
    """One step of a range test."""

    loss: float
    """Mean cross-entropy of its batch before the step, in nats: it shows what the steps at lower
    rates did. From some step on it may be NaN or infinite."""
    before: float
    """The same of the network as it was: how hard the batch is."""


def range_test(
    network: Network,
    images: Array,
    labels: Array,
    rates: Array,
    generator: np.random.Generator,
    *,
    side: int,
    batch_size: int,
    augment: str,
    elastic: float,
    optimizer: str,
    slots: Array,
    slot_steps: int,
    scalars: Scalars = (),
    weight_decay: float = 0.0,
    sam: float = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    removed: Array | None = None,
) -> Iterator[Tried]:
    """Train a copy of a network, one step at each rate.

    The steps are those of a run, computed by one thread. Neither the network nor the slots change.

    Args:
        network: with its latest weights.
        images: (n, side²) uint8, the training images.
        labels: (n,) their classes.
        rates: (steps,) the learning rates, in turn.
        generator: shuffles and deforms the images; the same one gives the same bits.
        side: of an image, in pixels.
        batch_size: images of a step; all of them, if it is more than there are.
        augment: a name in `AUGMENTATIONS`.
        elastic: how far elastic deformation moves a point, in pixels.
        optimizer: a name in `RULES`.
        slots: (slots, parameters) the optimizer's memory; may be (0, parameters) while it is zeros.
        slot_steps: how many steps it remembers.
        scalars: the single numbers that it remembers.
        weight_decay: strength of the pull towards zero.
        sam: radius of sharpness-aware minimisation; 0 is none.
        clip_norm: the largest norm of the gradient; None does not clip by norm.
        clip_value: the largest size of one of its elements, if `clip_norm` is None.
        removed: (parameters,) bool, parameters that are 0 and stay so.

    Yields:
        What was seen at each rate.
    """
    size = min(batch_size, len(labels))
    frozen, tuned = (Network(network.sizes, _in_lines(network.parameters)) for _ in range(2))
    own = GradientPass(tuned, size, aligned_zeros, allocate_own=aligned_zeros)
    shard, classes, dtype = own.shard_pass(size, 0), tuned.sizes[-1], tuned.parameters.dtype
    buffer = InputBuffer(own.shards[0].inputs, images.shape[1], size, dtype, aligned_zeros)
    trained_by = Optimizer(optimizer, tuned, own.gradient, weight_decay, removed, aligned_zeros)
    trained_by.remember(slots, slot_steps, scalars)

    def differentiate(inputs: Inputs) -> float:
        squares = shard.differentiate(inputs)
        if removed is None:
            return squares
        own.gradient[removed] = 0
        return sum_of_squares(own.gradient)

    def step(pixels: Array, true: Array, rate: float) -> Tried:
        with np.errstate(all="ignore"):  # a network that diverges shows in its loss
            before = evaluate(frozen, pixels, true).losses.mean(dtype=np.float64)
            inputs, outcomes = buffer.without_blanks(pixels), Outcomes(size, classes, dtype)
            shard.multiply(inputs)
            shard.propagate(true, outcomes)
            squares = differentiate(inputs)
            if sam and isfinite(squares):
                here = tuned.parameters.copy()
                ascend(tuned.parameters, own.gradient, sqrt(squares), sam)
                shard.multiply(inputs)
                shard.propagate(true, Outcomes(size, classes, dtype))
                tuned.parameters[:] = here
                squares = differentiate(inputs)
            clip(own.gradient, sqrt(squares), clip_norm, clip_value)
            trained_by.step(rate)
            return Tried(float(outcomes.losses.mean(dtype=np.float64)), float(before))

    draw = partial(draw_deformation, augment, generator, side, elastic)
    batches = _batches(images, labels, size, draw, generator)
    for rate, batch in zip(rates.tolist(), batches, strict=False):
        yield step(*batch, rate)


def _in_lines(array: Array) -> Array:
    """A copy that begins on a cache line."""
    copy = aligned_zeros(array.shape, array.dtype)
    copy[...] = array
    return copy


def _batches(
    images: Array,
    labels: Array,
    size: int,
    draw: Callable[[], Deformation | None],
    generator: np.random.Generator,
) -> Iterator[tuple[Array, Array]]:
    """Batches without end, of images in random order: none comes again before all have come.

    Args:
        images: (n, pixels) uint8.
        labels: (n,)
        size: images of a batch, n at most.
        draw: how they are deformed; None as they are.
        generator: that draws their order.

    Yields:
        (size, pixels) uint8, and (size,) their labels.
    """
    together = max(TOGETHER // size, 1) * size
    order: Array = np.empty(0, np.intp)
    while True:
        while len(order) < together:
            order = np.concatenate([order, generator.permutation(len(labels))])
        chosen, order = order[:together], order[together:]
        deformation = draw()
        pixels = images[chosen] if deformation is None else deform(images, deformation, chosen)
        for start in range(0, together, size):
            batch = slice(start, start + size)
            yield pixels[batch], labels[chosen[batch]]
