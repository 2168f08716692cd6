"""Gradient descent, with and without a velocity. Conventions are PyTorch's."""

from __future__ import annotations

import numpy as np

from digit_tui.nn.optimizers.rule import Block, StepNumbers


def sgd(block: Block, numbers: StepNumbers) -> None:
    """Stochastic gradient descent: p -= lr g."""
    parameters, gradients, _, scratch, _ = block
    learning_rate = numbers.learning_rate
    np.multiply(gradients, learning_rate, out=scratch)
    parameters -= scratch


def momentum(block: Block, numbers: StepNumbers) -> None:
    """Heavy ball (Polyak 1964), undamped: v = mu v + g; p -= lr v."""
    parameters, gradients, (velocity,), scratch, _ = block
    _, learning_rate, hyper, _ = numbers
    velocity *= hyper.momentum
    velocity += gradients
    np.multiply(velocity, learning_rate, out=scratch)
    parameters -= scratch


def nesterov(block: Block, numbers: StepNumbers) -> None:
    """Nesterov's momentum after Sutskever et al. (2013): v = mu v + g; p -= lr (g + mu v)."""
    parameters, gradients, (velocity,), scratch, _ = block
    _, learning_rate, hyper, _ = numbers
    velocity *= hyper.momentum
    velocity += gradients
    np.multiply(velocity, hyper.momentum, out=scratch)
    scratch += gradients
    scratch *= learning_rate
    parameters -= scratch
