"""Lion: every parameter moves by the same amount, and only the direction is learned."""

from __future__ import annotations

import numpy as np

from digit_tui.nn.optimizers.rule import Block, StepNumbers


def lion(block: Block, numbers: StepNumbers) -> None:
    """Lion (Chen et al. 2023, arXiv:2302.06675), algorithm 2.

    p -= lr sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g
    """
    parameters, gradients, (mean,), scratch, _ = block
    _, learning_rate, hyper, _ = numbers
    np.multiply(gradients, (1 - hyper.beta1) / hyper.beta1, out=scratch)  # the sign is the same
    scratch += mean
    np.sign(scratch, out=scratch)
    scratch *= learning_rate
    parameters -= scratch
    mean *= hyper.lion_beta2
    gradients *= 1 - hyper.lion_beta2
    mean += gradients
