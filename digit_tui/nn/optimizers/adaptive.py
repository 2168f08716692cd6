"""Rules with a step size for each parameter: RMSProp and Adam. Conventions are PyTorch's."""

from __future__ import annotations

from math import sqrt

import numpy as np

from digit_tui.nn.optimizers.rule import Array, Block, StepNumbers


def rmsprop(block: Block, numbers: StepNumbers) -> None:
    """RMSProp (Tieleman and Hinton 2012).

    s = rho s + (1 - rho) g^2; p -= lr g / (sqrt(s) + eps)

    The slot is kept without the factor, S = s / (1 - rho), which saves a pass: with
    c = sqrt(1 - rho), p -= (lr / c) g / (sqrt(S) + eps / c).
    """
    parameters, gradients, (mean_square,), scratch, _ = block
    _, learning_rate, hyper, _ = numbers
    scale = sqrt(1 - hyper.decay)
    mean_square *= hyper.decay
    np.square(gradients, out=scratch)
    mean_square += scratch
    descend(parameters, gradients, mean_square, learning_rate, hyper.epsilon, scale, scratch)


def adam(block: Block, numbers: StepNumbers) -> None:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980), algorithm 1.

    m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
    p -= lr m_hat / (sqrt(v_hat) + eps), where m_hat = m / (1 - beta1^t), v_hat = v / (1 - beta2^t)

    The slots are kept without their factors, M = m / (1 - beta1) and V = v / (1 - beta2), and these
    and the corrections are folded into the rate and epsilon, which saves four passes: with
    c = sqrt((1 - beta2) / (1 - beta2^t)),
    p -= (lr / c) (1 - beta1) / (1 - beta1^t) M / (sqrt(V) + eps / c).
    """
    parameters, gradients, (mean, mean_square), _, _ = block
    step, learning_rate, hyper, _ = numbers
    scale = sqrt((1 - hyper.beta2) / (1 - hyper.beta2**step))
    rate = learning_rate * (1 - hyper.beta1) / (1 - hyper.beta1**step)
    mean *= hyper.beta1
    mean += gradients
    mean_square *= hyper.beta2
    np.square(gradients, out=gradients)  # spent, and nearer than scratch
    mean_square += gradients
    descend(parameters, mean, mean_square, rate, hyper.epsilon, scale, gradients)


def descend(
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
