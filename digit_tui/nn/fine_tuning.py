"""Fine-tuning: a trained network learns a few more images, and rehearses old ones meanwhile.

A network that is trained on new examples alone forgets what it knew: McCloskey and Cohen (1989),
"Catastrophic interference in connectionist networks". Mixing in old examples prevents it: Robins
(1995), "Catastrophic forgetting, rehearsal and pseudorehearsal". Going only a part of the way keeps
most of what is gained and loses less: Wortsman et al. (2022, arXiv:2109.01903), "Robust fine-tuning
of zero-shot models".

The numbers below were chosen with three sets of 50 images that `standard` misreads, see
tests/benchmarks/teach.py. Of 50 digits of other hands that they had misread three networks of 40
epochs read 40, 43 and 40, by copies that had not seen them, and forgot 0.01, 0.09 and 0.05 points
of MNIST's test digits; half the way, 42, 43 and 41, and forgot 0.05, 0.17 and 0.05. Old images as
they are, fewer of them and the whole way made one forget 0.3 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.augmentation import deform, draw_deformation
from digit_tui.nn.network import Network, scale_pixels
from digit_tui.nn.optimizer import Optimizer
from digit_tui.nn.propagation import GradientPass

Array = NDArray[Any]

STEPS = 150
NEW = 32
"""New images in a batch, each deformed anew."""
OLD = 64
"""Old images in a batch, deformed: as they are, the network is too sure of them to learn."""
RULE = "adam"
LEARNING_RATE = 1e-3
"""Of the first step; it falls to 0 in a straight line."""
WAY = 0.4
"""The part of the way to the weights after the last step that the network goes."""


class Stopped(Exception):
    """Fine-tuning was given up."""


def fine_tune(
    network: Network,
    images: Array,
    labels: Array,
    old_images: Array,
    old_labels: Array,
    side: int,
    generator: np.random.Generator,
    removed: Array | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Network:
    """A copy of a network that has learned some images.

    Args:
        network: the trained one, which stays as it is.
        images: (n, pixels) uint8, those to learn.
        labels: (n,) their classes.
        old_images: (m, pixels) uint8, those that it was trained on.
        old_labels: (m,) their classes.
        side: of an image, in pixels.
        generator: decides the batches; the same one gives the same bits.
        removed: (parameters,) bool, parameters that stay 0; None if all may change.
        stopping: asked again and again whether to give it up.

    Raises:
        Stopped: if so.
    """

    def go_on() -> None:
        if stopping():
            raise Stopped

    go_on()
    tuned = network.copy()
    old = generator.integers(0, len(old_labels), (STEPS, OLD))
    chosen = _evenly(len(labels), STEPS * NEW, generator)
    new_images = _deformed("affine", images[chosen], side, generator).reshape(STEPS, NEW, -1)
    new_labels = labels[chosen].reshape(STEPS, NEW)
    go_on()
    rehearsed = _deformed("elastic", old_images[old.ravel()], side, generator)
    rehearsed = rehearsed.reshape(STEPS, OLD, -1)

    own = GradientPass(tuned, NEW + OLD)
    optimizer = Optimizer(RULE, tuned, own.gradient)
    inputs = np.empty((NEW + OLD, images.shape[1]), tuned.parameters.dtype)
    for step in range(STEPS):
        go_on()
        scale_pixels(new_images[step], inputs[:NEW])
        scale_pixels(rehearsed[step], inputs[NEW:])
        own.run(inputs, np.concatenate([new_labels[step], old_labels[old[step]]]))
        if removed is not None:
            own.gradient[removed] = 0
        optimizer.step(LEARNING_RATE * (1 - step / STEPS))
    tuned.parameters -= network.parameters
    tuned.parameters *= WAY
    tuned.parameters += network.parameters
    return tuned


def _deformed(name: str, images: Array, side: int, generator: np.random.Generator) -> Array:
    """Images (n, pixels) uint8, deformed by one of AUGMENTATIONS."""
    deformation = draw_deformation(name, generator, side)
    assert deformation is not None
    return deform(images, deformation)


def _evenly(count: int, length: int, generator: np.random.Generator) -> Array:
    """(length,) indices below `count`, in random order, each as often as any other."""
    rounds = -(-length // count)
    return np.concatenate([generator.permutation(count) for _ in range(rounds)])[:length]
