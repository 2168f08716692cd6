"""Prodigy: Adam that finds out by itself how far it has to go."""

from __future__ import annotations

from math import sqrt

import numpy as np

from digit_tui.nn.optimizers.adaptive import descend
from digit_tui.nn.optimizers.rule import Block, Scalars, StepNumbers, Sums

FIRST_DISTANCE = 1e-6
"""d_0: what the distance to the solution is taken for before anything is known."""
START: Scalars = (FIRST_DISTANCE, 0.0, FIRST_DISTANCE)
"""d, the numerator r of its estimate, and the d that the last step was made with."""


def measure(block: Block, numbers: StepNumbers) -> Sums:
    """The first half of Prodigy (Mishchenko and Defazio 2023, arXiv:2306.06101), algorithm 4.

    m = beta1 m + (1 - beta1) d g;  v = beta2 v + (1 - beta2) d^2 g^2
    s = beta3 s + lr d^2 / d_0 g, where beta3 = sqrt(beta2)

    As in the authors' program, s and r are kept divided by d_0.

    Returns:
        lr d^2 / d_0 <g, p_0 - p> and the sum of |s|.
    """
    parameters, gradients, (mean, mean_square, weighted, start), scratch, _ = block
    _, learning_rate, hyper, (distance, *_) = numbers
    weight = distance / FIRST_DISTANCE * distance * learning_rate
    np.subtract(start, parameters, out=scratch)
    travelled = weight * float(np.dot(gradients, scratch))
    mean *= hyper.beta1
    np.multiply(gradients, distance * (1 - hyper.beta1), out=scratch)
    mean += scratch
    mean_square *= hyper.beta2
    np.square(gradients, out=scratch)
    scratch *= distance**2 * (1 - hyper.beta2)
    mean_square += scratch
    weighted *= sqrt(hyper.beta2)
    gradients *= weight
    weighted += gradients
    np.abs(weighted, out=scratch)
    return travelled, float(scratch.sum())


def estimate(numbers: StepNumbers, sums: Sums) -> Scalars:
    """d = max(d, r / |s|_1), where r = beta3 r + lr d^2 / d_0 <g, p_0 - p>, over all parameters."""
    distance, numerator, _ = numbers.scalars
    travelled, length = sums
    if not length:  # there was no gradient yet
        return distance, numerator, 0.0
    numerator = sqrt(numbers.hyper.beta2) * numerator + travelled
    return max(distance, numerator / length), numerator, distance


def prodigy(block: Block, numbers: StepNumbers) -> None:
    """The second half: p -= lr d_before (m / (sqrt(v) + d eps) + decay p), without correction."""
    parameters, gradients, (mean, mean_square, *_), _, _ = block
    _, learning_rate, hyper, (distance, _, before) = numbers
    rate = before * learning_rate
    if hyper.weight_decay:
        parameters *= 1 - rate * hyper.weight_decay
    descend(parameters, mean, mean_square, rate, distance * hyper.epsilon, 1.0, gradients)
