"""Schedule-Free AdamW: an average of the steps takes the place of a schedule."""

from __future__ import annotations

from math import sqrt

import numpy as np

from digit_tui.nn.optimizers.rule import Block, Scalars, StepNumbers, Sums


def weigh(numbers: StepNumbers, _: Sums) -> Scalars:
    """The sum of the steps' weights, and the highest rate so far, whose square is a step's."""
    weight_sum, highest = numbers.scalars
    highest = max(highest, numbers.learning_rate)
    return weight_sum + highest**2, highest


def schedule_free(block: Block, numbers: StepNumbers) -> None:
    """Schedule-Free AdamW (Defazio et al. 2024, arXiv:2405.15682), algorithm 1, without warm-up.

    v = beta2 v + (1 - beta2) g^2, the gradient g being that at y
    z -= lr (g / (sqrt(v_hat) + eps) + decay y), where v_hat = v / (1 - beta2^t)
    x = (1 - c) x + c z, where c is the step's share of the sum of weights
    y = (1 - beta1) z + beta1 x

    The parameters are y, and x is evaluated. As in Adam here, V = v / (1 - beta2) is kept.
    """
    parameters, gradients, (mean_square, z, x), scratch, _ = block
    step, learning_rate, hyper, (weight_sum, highest) = numbers
    scale = sqrt((1 - hyper.beta2) / (1 - hyper.beta2**step))
    mean_square *= hyper.beta2
    np.square(gradients, out=scratch)
    mean_square += scratch
    np.sqrt(mean_square, out=scratch)
    scratch += hyper.epsilon / scale
    np.divide(gradients, scratch, out=gradients)
    gradients *= learning_rate / scale
    z -= gradients
    if hyper.weight_decay:
        np.multiply(parameters, learning_rate * hyper.weight_decay, out=scratch)
        z -= scratch
    np.subtract(z, x, out=parameters)
    np.multiply(parameters, highest**2 / weight_sum if weight_sum else 0.0, out=scratch)
    x += scratch
    parameters -= scratch  # z - x, x being the new one
    parameters *= 1 - hyper.beta1
    parameters += x
